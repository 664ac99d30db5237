import { type NativeBlocks } from './native-blocks.types.js';
import { type NativeNixlAgentClass } from './native-nixl.types.js';

type Crc32c = (bytes: Uint8Array, previous: number) => number;

/** What the addon exports: the mirror of native/src/addon.cc. It checks no arguments. */
export interface NativeAddon {
  /** CRC-32C, chained by `previous`, by the best variant. */
  readonly crc32c: Crc32c;
  /** What this processor can run of `avx512`, `sse4.2`, `armv8-crc` and `portable`, best first. */
  readonly crc32cVariants: Readonly<Record<string, Crc32c>>;
  readonly blocks: NativeBlocks;
  /** Locks the whole file, without waiting; until the descriptor is closed or the process dies. */
  readonly lockFile: (fd: number) => boolean;
  /** Sizes the kernel's buffers of a socket; 0 = leave it. @returns false when the kernel refused. */
  readonly tuneSocket: (fd: number, sendBytes: number, receiveBytes: number) => boolean;
  /** Acknowledges what a socket has received at once. @returns false when the kernel refused, or knows no such wish. */
  readonly acknowledgeNow: (fd: number) => boolean;
  /** Its reading and its writing end, which no child inherits unasked. @returns undefined without descriptors left. */
  readonly createPipe: () => [number, number] | undefined;
  /** Ends the process at once: nothing is run, flushed or waited for. */
  readonly exitNow: (code: number) => never;
  readonly Region: NativeRegionClass;
  readonly NixlAgent: NativeNixlAgentClass;
  readonly FileReads: NativeFileReadsClass;
  readonly KeyIndex: NativeKeyIndexClass;
  readonly matchKeys: MatchKeys;
  readonly MooncakeStore: NativeMooncakeStoreClass;
}

/** Keys of a `KeyBatch`: `memory`, `starts`, `lengths`, how many, and their namespace. */
type KeyArguments = [
  memory: ArrayBufferLike,
  starts: Uint32Array,
  lengths: Uint32Array,
  count: number,
  namespace: number,
];

/** As `Arena.matchBatch`, over the records at `recordsOffset` of the region. */
export type MatchKeys = (
  region: ArrayBuffer,
  recordsOffset: number,
  ...keysAndSlots: [...KeyArguments, slots: Int32Array]
) => void;

/** @param secrets `DIGEST_SECRETS`. A segment has 2 ** slotBits places, a slab 2 ** slabBits segments. */
export type NativeKeyIndexClass = new (
  secrets: Uint32Array,
  slotBits: number,
  slabBits: number,
) => NativeKeyIndex;

/** Searches the memory of a `DigestIndex`, which tells it where that is. */
export interface NativeKeyIndex {
  addSlab(slab: Uint32Array): void;
  /** Which segment the `depth` high bits of a tag lead to. */
  setDirectory(directory: Uint32Array, depth: number): void;
  /** As `DigestIndex.findDigests`. */
  find(...keysAndEntries: [...KeyArguments, entries: Int32Array]): void;
}

/**
 * Maps `bytes` of the file `fd` (-1 = memory without a name), faults in the first `syncBytes` now and the rest on a
 * thread. The descriptor is the region's from now on, and the file at `path` (empty = none) is removed with it.
 */
export type NativeRegionClass = new (
  fd: number,
  path: string,
  bytes: number,
  syncBytes: number,
) => NativeRegion | FailedNativeRegion;

export interface NativeRegion {
  readonly error?: undefined;
  readonly buffer: ArrayBuffer;
  readonly faultedBytes: number;
  /** Detaches `buffer` and unmaps the memory. Idempotent. */
  close(): void;
}

export interface FailedNativeRegion {
  /** The system call that failed, and its errno. */
  readonly error: { readonly call: string; readonly code: number };
}

/** The answer of `NativeFileReads.read` when the file ended too early. */
export const FILE_ENDED = -65536;

/** Reads run on so many threads of their own. */
export type NativeFileReadsClass = new (threads: number) => NativeFileReads;

export interface NativeFileReads {
  /**
   * Fills the buffers in order, in whole pages where that is what they take. Nobody collects or unmaps them meanwhile; where
   * a worker thread ends, memory that is not a region's must outlive the read.
   *
   * @returns the CRC-32C of their first `checkedBytes`; `FILE_ENDED`; or an errno, negative.
   */
  read(fd: number, position: number, buffers: readonly Uint8Array[], checkedBytes: number): Promise<number>;
}

export interface NativeMooncakeSettings {
  /** The shared library: a path, or a name that the system's loader knows. */
  readonly library: string;
  /** As which this client is known to others. */
  readonly hostname: string;
  readonly metadataServer: string;
  readonly protocol: string;
  /** Of RDMA; empty = the library looks for one. */
  readonly device: string;
  readonly master: string;
  /** Copies of what is written. */
  readonly replicas: number;
}

/** Calls run on so many threads of their own. What a call reads or writes must stay in place until it has settled. */
export type NativeMooncakeStoreClass = new (
  threads: number,
  settings: NativeMooncakeSettings,
) => NativeMooncakeStore;

/** Codes of Mooncake in answer to each thing asked for; sizes where they are not negative. */
type MooncakeAnswers = Promise<readonly number[]>;

/** Mooncake's own client. None of its calls can be taken back. */
export interface NativeMooncakeStore {
  /** @returns why the library cannot be used, as text, or the code of the set-up. */
  open(): Promise<string | readonly number[]>;
  /** When nothing else runs. */
  close(): Promise<unknown>;
  exist(names: readonly string[]): MooncakeAnswers;
  remove(names: readonly string[]): MooncakeAnswers;
  sizeOf(name: string): MooncakeAnswers;
  read(name: string, target: Uint8Array): MooncakeAnswers;
  /** @param scratch where several parts are put together first. */
  write(name: string, parts: readonly Uint8Array[], scratch: Uint8Array | undefined): MooncakeAnswers;
  register(memory: Uint8Array): MooncakeAnswers;
  unregister(memory: Uint8Array): MooncakeAnswers;
}
