import { KvError } from '../common/errors/kv-error.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { AS_PUT, type ChunkForm, formNumber, formOf } from '../protocols/chunk-form/chunk-form.js';
import { doubleFree, notReserved, useAfterFree } from './arena-errors.js';
import { type ArenaHandle, type ChunkAttributes, type ChunkState, type Extent } from './arena.interface.js';
import { type ChunkPlacement } from './chunk-placement.js';
import { Double, type RecordTable, Word } from './record-table.js';

/** What handles need of their arena. */
export interface HandleHost {
  readonly buffer: ArrayBuffer;
  readonly records: RecordTable;
  readonly placement: ChunkPlacement;
  /** @throws KV_ARENA_CLOSED */
  assertOpen(): void;
  acquire(slot: number, key?: ChunkKey): ArenaHandle;
  /** Ends one handle's reference. Does nothing when the arena is closed. */
  releaseHandle(slot: number): void;
}

/** One is made for every read of a chunk, so all but slot and generation is looked up when asked for. */
export class ChunkHandle implements ArenaHandle {
  readonly #host: HandleHost;
  #key: ChunkKey | undefined;
  #extents: readonly Extent[] | undefined;
  #views: readonly Buffer[] | undefined;
  #disposed = false;

  constructor(
    host: HandleHost,
    readonly slot: number,
    readonly generation: number,
    key?: ChunkKey,
  ) {
    this.#host = host;
    this.#key = key;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  get state(): ChunkState {
    return this.#live().state(this.slot) as ChunkState;
  }

  get key(): ChunkKey {
    const records = this.#live();
    if (this.#key !== undefined) return this.#key;
    const view = this.#view(
      records.double(this.slot, Double.KeyOffset),
      records.word(this.slot, Word.KeyBytes),
    );
    // A copy, because a key may outlive the chunk.
    this.#key = new ChunkKey(Buffer.from(view), records.word(this.slot, Word.Namespace));
    return this.#key;
  }

  get lengthBytes(): number {
    return this.#live().double(this.slot, Double.Length);
  }

  get extents(): readonly Extent[] {
    this.#live();
    return (this.#extents ??= this.#host.placement.extents(this.slot));
  }

  get views(): readonly Buffer[] {
    this.#live();
    return (this.#views ??= this.extents.map(({ offset, length }) => this.#view(offset, length)));
  }

  get checksum(): number {
    return this.#live().word(this.slot, Word.Checksum) >>> 0;
  }

  get metadata(): Buffer {
    const records = this.#live();
    const offset = records.double(this.slot, Double.KeyOffset) + records.word(this.slot, Word.KeyBytes);
    return this.#view(offset, records.word(this.slot, Word.MetadataBytes));
  }

  get attributes(): ChunkAttributes {
    const records = this.#live();
    return {
      expiresAtMs: records.double(this.slot, Double.ExpiresAt),
      depth: records.word(this.slot, Word.Depth),
      parent: records.parent(this.slot),
      ...formAt(records, this.slot),
    };
  }

  get form(): ChunkForm {
    return formAt(this.#live(), this.slot);
  }

  retain(): ArenaHandle {
    this.#live();
    return this.#host.acquire(this.slot, this.#key);
  }

  setMetadata(metadata: Uint8Array): void {
    const records = this.#reserved('setMetadata');
    const capacity = records.word(this.slot, Word.MetadataCapacity);
    if (metadata.length > capacity) {
      throw new KvError(
        'KV_ARENA_METADATA_TOO_LARGE',
        `${metadata.length} bytes of metadata, room for ${capacity}`,
        {
          kind: 'input',
          remedy: 'Reserve with a larger metadataCapacityBytes.',
        },
      );
    }
    records.setWord(this.slot, Word.MetadataBytes, metadata.length);
    this.metadata.set(metadata);
  }

  setAttributes(attributes: Partial<ChunkAttributes>): void {
    const records = this.#live();
    const { expiresAtMs, depth, parent } = attributes;
    if (expiresAtMs !== undefined) records.setDouble(this.slot, Double.ExpiresAt, expiresAtMs);
    if (depth !== undefined) records.setWord(this.slot, Word.Depth, depth);
    if (parent !== undefined) records.setParent(this.slot, parent);
    if (attributes.encoded !== undefined || attributes.loss !== undefined) {
      records.setWord(this.slot, Word.Form, formNumber({ ...formAt(records, this.slot), ...attributes }));
    }
  }

  seal(checksum: number): void {
    const records = this.#reserved('seal');
    records.setWord(this.slot, Word.Checksum, checksum);
    records.setState(this.slot, 'sealed');
  }

  [Symbol.dispose](): void {
    if (this.#disposed) throw doubleFree(this.slot);
    this.#disposed = true;
    this.#views = this.#extents = undefined;
    this.#host.releaseHandle(this.slot);
  }

  #live(): RecordTable {
    if (this.#disposed) throw useAfterFree(this.slot);
    this.#host.assertOpen();
    const { records } = this.#host;
    if (records.word(this.slot, Word.Generation) !== this.generation) throw useAfterFree(this.slot);
    return records;
  }

  #reserved(what: string): RecordTable {
    const records = this.#live();
    if (records.state(this.slot) !== 'reserved') throw notReserved(this.slot, what);
    return records;
  }

  #view(offset: number, length: number): Buffer {
    return Buffer.from(this.#host.buffer, offset, length);
  }
}

function formAt(records: RecordTable, slot: number): ChunkForm {
  return formOf(records.word(slot, Word.Form)) ?? AS_PUT;
}
