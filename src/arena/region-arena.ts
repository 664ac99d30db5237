import { KvError } from '../common/errors/kv-error.js';
import { type ChunkKey, MAX_KEY_BYTES } from '../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../protocols/chunk-key/key-batch.js';
import { arenaClosed, doubleFree, useAfterFree } from './arena-errors.js';
import { type ArenaLayout, PAGE_BYTES, planArena, writeHeader } from './arena-layout.js';
import {
  type AllocationRequest,
  type Arena,
  type ArenaHandle,
  type ArenaUsage,
  MAX_METADATA_BYTES,
} from './arena.interface.js';
import { ChunkHandle, type HandleHost } from './chunk-handle.js';
import { ChunkPlacement } from './chunk-placement.js';
import { KeyPlaces } from './key-places.js';
import { Double, RecordTable, Word } from './record-table.js';
import { type Region, type RegionOperations } from './region.interface.js';

const DEFAULT_METADATA_BYTES = 64;

/** The arena over any region. One thread allocates and frees; the tables lie in the region for others to read. */
export class RegionArena implements Arena, HandleHost {
  readonly capacityBytes: number;
  readonly native: boolean;
  readonly regionName: string | undefined;
  readonly slotCount: number;
  readonly buffer: ArrayBuffer;
  readonly records: RecordTable;
  readonly placement: ChunkPlacement;
  readonly #layout: ArenaLayout;
  readonly #region: Region;
  readonly #bytes: Buffer;
  readonly #keyPlaces: KeyPlaces;
  readonly #operations: RegionOperations;
  #references = 0;
  #open = true;

  /** @param region zeroed, of at least 1 MiB; the arena closes it. */
  constructor(region: Region, operations: RegionOperations) {
    const layout = planArena(region.buffer.byteLength);
    writeHeader(region.buffer, layout);
    this.capacityBytes = region.buffer.byteLength;
    this.native = region.native;
    this.regionName = region.name;
    this.slotCount = layout.recordCount;
    this.buffer = region.buffer;
    this.records = new RecordTable(region.buffer, layout.recordsOffset, layout.recordCount);
    this.placement = new ChunkPlacement(region.buffer, layout, this.records);
    this.#layout = layout;
    this.#region = region;
    this.#bytes = Buffer.from(region.buffer);
    this.#keyPlaces = new KeyPlaces(region.buffer, this.records);
    this.#operations = operations;
  }

  allocate(request: AllocationRequest): ArenaHandle | undefined {
    this.assertOpen();
    const { key, lengthBytes, metadataCapacityBytes = DEFAULT_METADATA_BYTES } = request;
    assertRequest(lengthBytes, key, metadataCapacityBytes);
    if (this.isTooLarge(request)) {
      throw new KvError(
        'KV_ARENA_TOO_LARGE',
        `${lengthBytes} bytes do not fit an arena of ${this.capacityBytes}`,
        {
          kind: 'input',
          remedy: 'Send smaller values or give the arena more memory.',
        },
      );
    }
    const slot = this.records.take();
    if (slot < 0) return undefined;
    if (!this.placement.place(slot, request, metadataCapacityBytes)) {
      this.records.giveBack(slot);
      return undefined;
    }
    this.records.setWord(slot, Word.Depth, -1);
    this.#bytes.set(key.bytes, this.records.double(slot, Double.KeyOffset));
    this.#references++;
    return new ChunkHandle(this, slot, this.records.word(slot, Word.Generation), key);
  }

  /** @param key the chunk's key, where the caller has it: saves reading it from the record. */
  acquire(slot: number, key?: ChunkKey): ArenaHandle {
    this.#assertLive(slot);
    this.records.retain(slot);
    this.#references++;
    return new ChunkHandle(this, slot, this.records.word(slot, Word.Generation), key);
  }

  keep(slot: number): void {
    this.#assertLive(slot);
    this.records.retain(slot);
    this.records.setWord(slot, Word.Kept, this.records.word(slot, Word.Kept) + 1);
    if (this.records.state(slot) === 'condemned') this.records.setState(slot, 'sealed');
  }

  unkeep(slot: number): void {
    this.assertOpen();
    const kept = this.records.isLive(slot) ? this.records.word(slot, Word.Kept) : 0;
    if (kept === 0) throw doubleFree(slot);
    this.records.setWord(slot, Word.Kept, kept - 1);
    if (kept === 1 && this.records.state(slot) === 'sealed') this.records.setState(slot, 'condemned');
    this.#release(slot);
  }

  referenceCount(slot: number): number {
    this.assertOpen();
    return this.records.isLive(slot) ? this.records.references(slot) : 0;
  }

  handleCount(slot: number): number {
    return this.referenceCount(slot) - (this.records.isLive(slot) ? this.records.word(slot, Word.Kept) : 0);
  }

  matches(slot: number, key: ChunkKey): boolean {
    this.assertOpen();
    const { records } = this;
    if (!records.isLive(slot) || !records.hasDigest(slot, key)) return false;
    const length = records.word(slot, Word.KeyBytes);
    if (length !== key.bytes.length) return false;
    const offset = records.double(slot, Double.KeyOffset);
    return this.#bytes.compare(key.bytes, 0, length, offset, offset + length) === 0;
  }

  matchBatch(slots: Int32Array, keys: KeyBatch): void {
    this.assertOpen();
    const { memory, starts, lengths, length, namespace } = keys;
    const { matchKeys } = this.#operations;
    if (matchKeys === undefined) this.#keyPlaces.match(slots, keys);
    else
      matchKeys(this.buffer, this.#layout.recordsOffset, memory, starts, lengths, length, namespace, slots);
  }

  footprintBytes(slot: number): number {
    this.assertOpen();
    return this.records.isLive(slot) ? this.placement.footprintBytes(slot) : 0;
  }

  isTooLarge(request: AllocationRequest): boolean {
    const { key, lengthBytes, metadataCapacityBytes = DEFAULT_METADATA_BYTES } = request;
    const pages = ChunkPlacement.pagesFor(lengthBytes, key.bytes.length + metadataCapacityBytes);
    return pages > this.#layout.dataPages;
  }

  usage(): ArenaUsage {
    this.assertOpen();
    return {
      capacityBytes: this.capacityBytes,
      dataBytes: this.#layout.dataPages * PAGE_BYTES,
      freeBytes: this.placement.pages.freePages * PAGE_BYTES,
      slots: this.slotCount,
      freeSlots: this.records.freeCount,
      references: this.#references,
    };
  }

  crc32c(bytes: Uint8Array, previous = 0): number {
    return this.#operations.crc32c(bytes, previous);
  }

  close(): void {
    this.#open = false;
    this.#region.close();
  }

  assertOpen(): void {
    if (!this.#open) throw arenaClosed();
  }

  releaseHandle(slot: number): void {
    this.#references--;
    if (this.#open) this.#release(slot);
  }

  #release(slot: number): void {
    if (this.records.release(slot) > 0) return;
    this.placement.free(slot);
    this.records.giveBack(slot);
  }

  #assertLive(slot: number): void {
    this.assertOpen();
    if (!this.records.isLive(slot)) throw useAfterFree(slot);
  }
}

function assertRequest(lengthBytes: number, key: ChunkKey, metadataCapacityBytes: number): void {
  const problem =
    !Number.isSafeInteger(lengthBytes) || lengthBytes < 0
      ? `length ${lengthBytes}`
      : key.bytes.length > MAX_KEY_BYTES
        ? `a key of ${key.bytes.length} bytes`
        : !(metadataCapacityBytes >= 0 && metadataCapacityBytes <= MAX_METADATA_BYTES)
          ? `room for ${metadataCapacityBytes} bytes of metadata`
          : undefined;
  if (problem === undefined) return;
  throw new KvError('KV_ARENA_REQUEST', `cannot allocate a chunk with ${problem}`, {
    kind: 'input',
    remedy: `Keys have up to ${MAX_KEY_BYTES} bytes, metadata up to ${MAX_METADATA_BYTES}.`,
  });
}
