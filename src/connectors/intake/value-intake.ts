import { type Arena, type ArenaHandle, type ChunkAttributes } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { ExtentWriter } from '../../arena/extent-writer.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type FetchOutcome } from '../remote-connector.interface.js';
import { type ChunkIntake } from './chunk-intake.interface.js';

/** Where bytes go that nobody wants: they must leave the socket all the same. */
const DISCARD = Buffer.alloc(64 * 1024);

/** Where chunks are taken in. */
export interface IntakePlace {
  readonly space: ArenaSpace;
  readonly crc32c: (bytes: Uint8Array, previous?: number) => number;
}

/** @param parts of a `ConnectorContext`. */
export function intakePlace({
  arena,
  space,
}: {
  readonly arena: Arena;
  readonly space: ArenaSpace;
}): IntakePlace {
  return { space, crc32c: (bytes, previous) => arena.crc32c(bytes, previous) };
}

export interface ValueToTake {
  readonly key: ChunkKey;
  readonly lengthBytes: number;
  readonly metadata?: Uint8Array;
  readonly attributes?: Partial<ChunkAttributes>;
  /** What the CRC-32C must be; undefined = nobody knows. */
  readonly checksum?: number;
}

/** The bytes of a chunk and nothing else. Without room they are read and dropped, and the outcome is `busy`. */
export class ValueIntake implements ChunkIntake {
  readonly #value: ValueToTake;
  readonly #handle: ArenaHandle | undefined;
  readonly #writer: ExtentWriter | undefined;
  readonly #refusal: 'busy' | 'miss' = 'busy';
  #discarded = 0;
  #taken = false;

  constructor({ space, crc32c }: IntakePlace, value: ValueToTake) {
    this.#value = value;
    const { key, lengthBytes, metadata } = value;
    const room = space.reserve({
      key,
      lengthBytes,
      ...(metadata !== undefined && { metadataCapacityBytes: metadata.length }),
    });
    if (typeof room === 'string') this.#refusal = room === 'too-large' ? 'miss' : 'busy';
    else {
      this.#handle = room;
      this.#writer = new ExtentWriter(room.views, crc32c);
    }
  }

  get remainingBytes(): number {
    return this.#writer?.remainingBytes ?? this.#value.lengthBytes - this.#discarded;
  }

  get discards(): boolean {
    return this.#writer === undefined;
  }

  target(maxBytes: number): Buffer {
    if (this.#writer !== undefined) return this.#writer.target(maxBytes);
    return DISCARD.subarray(0, Math.min(maxBytes, this.remainingBytes));
  }

  advance(bytes: number): void {
    if (this.#writer !== undefined) this.#writer.advance(bytes);
    else this.#discarded += bytes;
  }

  write(bytes: Uint8Array): number {
    if (this.#writer !== undefined) return this.#writer.write(bytes);
    const taken = Math.min(bytes.length, this.remainingBytes);
    this.#discarded += taken;
    return taken;
  }

  finish(): FetchOutcome {
    const { checksum, metadata, attributes } = this.#value;
    const writer = this.#writer;
    const handle = this.#handle;
    if (writer === undefined || handle === undefined) return this.#refusal;
    if (!writer.done || (checksum !== undefined && checksum !== writer.checksum)) return 'corrupt';
    if (metadata !== undefined) handle.setMetadata(metadata);
    if (attributes !== undefined) handle.setAttributes(attributes);
    handle.seal(writer.checksum);
    this.#taken = true;
    return handle;
  }

  [Symbol.dispose](): void {
    if (this.#taken || this.#handle === undefined || this.#handle.disposed) return;
    this.#handle[Symbol.dispose]();
  }
}
