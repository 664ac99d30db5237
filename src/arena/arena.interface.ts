import { type ChunkKey, type KeyDigest } from '../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../protocols/chunk-key/key-batch.js';
import { type ChunkForm } from '../protocols/chunk-form/chunk-form.js';

/** A run of bytes of the arena's region. */
export interface Extent {
  /** Bytes from the start of the region. A multiple of 4096, except for chunks that share a page. */
  readonly offset: number;
  readonly length: number;
}

export type ChunkState = 'reserved' | 'sealed' | 'condemned';

/** The longest metadata of a chunk. */
export const MAX_METADATA_BYTES = 1024;

export interface AllocationRequest {
  readonly key: ChunkKey;
  readonly lengthBytes: number;
  /** Room for the chunk's metadata, which may be known only when the bytes are in. Default 64, at most 1024. */
  readonly metadataCapacityBytes?: number;
  /** Demand a single extent. */
  readonly contiguous?: boolean;
  /** Fail rather than split over more extents than this. */
  readonly maxExtents?: number;
}

/** What the record of a chunk may carry beside its bytes; it survives in every tier that can keep it. */
export interface ChunkAttributes extends ChunkForm {
  /** Milliseconds since the Unix epoch, 0 = never. */
  readonly expiresAtMs: number;
  /** Number of chunks in front of this one in its prefix, -1 = unknown. */
  readonly depth: number;
  /** Digest of the key of the chunk right in front of it. Known in this process only: a digest is never stored. */
  readonly parent: KeyDigest | undefined;
}

/**
 * One reference to one chunk in the arena. The bytes stay where they are until the last reference is disposed.
 * `using handle = …` is the normal form. Disposing twice throws `KV_ARENA_DOUBLE_FREE`; any other use after disposal
 * throws `KV_ARENA_USE_AFTER_FREE` (`slot`, `generation` and `disposed` stay readable).
 */
export interface ArenaHandle extends Disposable {
  /** Number of the chunk's record; with `generation` it names the chunk in other threads and processes. */
  readonly slot: number;
  readonly generation: number;
  readonly state: ChunkState;
  readonly key: ChunkKey;
  readonly lengthBytes: number;
  readonly extents: readonly Extent[];
  /** The extents as buffers over the arena's memory (no copies), in order; their lengths add up to `lengthBytes`. */
  readonly views: readonly Buffer[];
  /** CRC-32C of the bytes, as given to `seal`. */
  readonly checksum: number;
  /** LMCache's RemoteMetadata or whatever the writer gave; empty when there is none. A view, not a copy. */
  readonly metadata: Buffer;
  readonly attributes: ChunkAttributes;
  /** A part of the attributes, which costs nothing to ask for. */
  readonly form: ChunkForm;
  readonly disposed: boolean;

  /** Another reference to the same chunk, disposed on its own. */
  retain(): ArenaHandle;
  /** Only while reserved. @throws KV_ARENA_METADATA_TOO_LARGE beyond the reserved room. */
  setMetadata(metadata: Uint8Array): void;
  setAttributes(attributes: Partial<ChunkAttributes>): void;
  /** The bytes are complete: from now on they never change. */
  seal(checksum: number): void;
}

export interface ArenaUsage {
  /** Size of the whole region, tables included: what the process takes for it. */
  readonly capacityBytes: number;
  /** What chunks can use of it. */
  readonly dataBytes: number;
  readonly freeBytes: number;
  readonly slots: number;
  readonly freeSlots: number;
  /** Live references that are not the memory tier's own: doors reading or writing, tiers storing. */
  readonly references: number;
}

/**
 * The memory that every tier and door shares: one region with a hard byte budget. Allocation never waits, never
 * evicts and never exceeds the region; who needs room asks `ArenaSpace`, which evicts first.
 */
export interface Arena {
  readonly capacityBytes: number;
  /** Memory of the addon; false: the TypeScript fallback. */
  readonly native: boolean;
  /** Name of the region under /dev/shm, where other processes can map it, if it has one. */
  readonly regionName: string | undefined;
  /** Number of chunk records: slots are 0 … slotCount - 1. */
  readonly slotCount: number;
  /** All of its memory, for who has to make it known to a device. */
  readonly buffer: ArrayBuffer;

  /**
   * @returns a handle in state `reserved`, or undefined when space or records are short.
   * @throws KV_ARENA_TOO_LARGE when it could not fit even an empty arena.
   */
  allocate(request: AllocationRequest): ArenaHandle | undefined;
  /**
   * A new reference to a live chunk by its slot. @throws KV_ARENA_USE_AFTER_FREE when the slot is free.
   * @param key the chunk's key, where the caller has it: saves reading it from the record.
   */
  acquire(slot: number, key?: ChunkKey): ArenaHandle;
  /**
   * One more reference to a live chunk, without an object: for the tier that keeps chunks at rest. It is not counted
   * in `ArenaUsage.references`. @throws KV_ARENA_USE_AFTER_FREE when the slot is free.
   */
  keep(slot: number): void;
  /** Ends one `keep`. @throws KV_ARENA_DOUBLE_FREE when the slot is not kept. */
  unkeep(slot: number): void;
  /** References now held to the chunk in this slot, kept ones included; 0 when the slot is free. */
  referenceCount(slot: number): number;
  /** Of those, handles; 0 when the slot is free. */
  handleCount(slot: number): number;
  /** Whether the chunk in this slot has exactly this key: digest, namespace and bytes. Allocates nothing. */
  matches(slot: number, key: ChunkKey): boolean;
  /**
   * As `matches`, for a batch: `slots` has for each key a slot whose chunk has its digest, or -1. Those whose chunk has
   * another key become -2.
   */
  matchBatch(slots: Int32Array, keys: KeyBatch): void;
  /** Bytes that freeing this slot would give back, rounding included. */
  footprintBytes(slot: number): number;
  /** Whether even an empty arena has no room for this chunk, its key and its metadata. */
  isTooLarge(request: AllocationRequest): boolean;
  usage(): ArenaUsage;
  /** CRC-32C, chained by `previous`. */
  crc32c(bytes: Uint8Array, previous?: number): number;
  /** Unmaps the region. Outstanding views are detached: using them throws, it never crashes. */
  close(): void;
}
