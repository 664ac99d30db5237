import { type ArenaHandle, MAX_METADATA_BYTES } from '../../../arena/arena.interface.js';
import { type ArenaSpace } from '../../../arena/arena-space.interface.js';
import { RECORD_BYTES } from '../../../arena/record-table.js';
import { type FetchOutcome } from '../../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type LocatedChunk, type LocateOutcome } from '../../../protocols/kvnest-tcp/locate.js';
import { type PeerNixl } from '../../../protocols/kvnest-tcp/peer-hello.js';
import { type NixlBlock, type NixlReadResult } from '../agent/nixl-agent.interface.js';
import { isRecordOf } from './chunk-record.js';

/** A chunk that is to be read, with its place in the arena. */
interface PlannedChunk {
  readonly index: number;
  readonly chunk: LocatedChunk;
  readonly handle: ArenaHandle;
}

/** What of some chunks of a peer is read in one transfer, and where to. */
export class ReadPlan {
  readonly blocks: NixlBlock[] = [];
  readonly headers: bigint[] = [];
  readonly groups: number[] = [];
  readonly #chunks: PlannedChunk[] = [];
  readonly #outcomes: FetchOutcome[];

  /**
   * Reserves room. Chunks without it are `busy`.
   *
   * @throws an Error where the peer tells of places outside its arena.
   */
  constructor(
    keys: readonly ChunkKey[],
    located: readonly LocateOutcome[],
    space: ArenaSpace,
    private readonly arena: PeerNixl['arena'],
  ) {
    this.#outcomes = located.map((told) => (typeof told === 'string' ? told : 'busy'));
    try {
      for (const [index, told] of located.entries()) {
        if (typeof told !== 'string') this.#add(index, keys[index] as ChunkKey, told, space);
      }
    } catch (error) {
      this.giveBack();
      throw error;
    }
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Chunks for which there is no room, and those that are not there; all, where nothing was read. */
  get outcomesWithoutBytes(): readonly FetchOutcome[] {
    return this.#outcomes;
  }

  /** Seals what arrived as the peer told. The place of what did not is given back. */
  seal({ headers, checksums }: NixlReadResult): readonly FetchOutcome[] {
    const outcomes = [...this.#outcomes];
    for (const [order, { index, chunk, handle }] of this.#chunks.splice(0).entries()) {
      if (!isRecordOf(chunk, headers, order) || checksums[order] !== chunk.checksum) {
        handle[Symbol.dispose]();
        outcomes[index] = 'corrupt';
        continue;
      }
      handle.setMetadata(chunk.metadata);
      const { expiresAtMs, depth, loss = 'none' } = chunk;
      handle.setAttributes({ expiresAtMs, depth, loss });
      handle.seal(chunk.checksum);
      outcomes[index] = handle;
    }
    return outcomes;
  }

  /** Gives all room back. Only when nothing will be written there any more. */
  giveBack(): void {
    for (const { handle } of this.#chunks.splice(0)) handle[Symbol.dispose]();
  }

  #add(index: number, key: ChunkKey, chunk: LocatedChunk, space: ArenaSpace): void {
    this.#check(chunk);
    const { lengthBytes, metadata, slot } = chunk;
    const handle = space.reserve({ key, lengthBytes, metadataCapacityBytes: metadata.length });
    if (typeof handle === 'string') {
      this.#outcomes[index] = handle === 'busy' ? 'busy' : 'miss';
      return;
    }
    this.#chunks.push({ index, chunk, handle });
    this.#addBlocks(handle, chunk);
    this.groups.push(this.blocks.length);
    this.headers.push(this.arena.address + BigInt(this.#recordAt(slot)));
  }

  /** Parts of the chunk here and there begin and end at different places. */
  #addBlocks(handle: ArenaHandle, { extents }: LocatedChunk): void {
    let part = 0;
    let done = 0;
    for (const here of handle.extents) {
      for (let at = 0; at < here.length;) {
        const there = extents[part] as LocatedChunk['extents'][number];
        const lengthBytes = Math.min(here.length - at, there.length - done);
        const remoteAddress = this.arena.address + BigInt(there.offset + done);
        if (lengthBytes > 0) this.blocks.push({ localOffset: here.offset + at, remoteAddress, lengthBytes });
        at += lengthBytes;
        done += lengthBytes;
        if (done === there.length) {
          part++;
          done = 0;
        }
      }
    }
  }

  #check({ slot, extents, metadata }: LocatedChunk): void {
    const { bytes } = this.arena;
    const isInside = extents.every(({ offset, length }) => length > 0 && offset + length <= bytes);
    if (!isInside || this.#recordAt(slot) + RECORD_BYTES > bytes)
      throw new Error('it told of a chunk outside its memory');
    if (metadata.length > MAX_METADATA_BYTES) throw new Error(`${metadata.length} bytes of metadata`);
  }

  #recordAt(slot: number): number {
    return this.arena.recordsOffset + slot * RECORD_BYTES;
  }
}
