import { type TcpSegments } from '../../../protocols/kvnest-tcp/peer-hello.js';

/** One run of bytes: where they lie at the peer, and where they go in the own region. */
export interface NixlBlock {
  /** Bytes from the start of the own region. */
  readonly localOffset: number;
  /** In the address space of the peer's process; the whole block lies in one region that the peer registered. */
  readonly remoteAddress: bigint;
  /** At least 1. */
  readonly lengthBytes: number;
  /** Of the peer's side. Default `dram`. */
  readonly memoryType?: NixlMemoryType;
  /** Number of the peer's device; 0, the default, for `dram`. */
  readonly device?: number;
}

export type NixlMemoryType = 'dram' | 'vram';

export interface NixlRead {
  /** Name of the peer's agent, as `addPeer` gave it. */
  readonly peer: string;
  /** In the order of their chunks. May be empty where `headers` is not. All of one memory type. */
  readonly blocks: readonly NixlBlock[];
  /**
   * Addresses of records of the peer's arena, `NIXL_HEADER_BYTES` each, read in the same transfer. There is no order
   * between a header and the bytes: a header proves nothing about a chunk that nobody holds.
   */
  readonly headers?: readonly bigint[];
  /** For each chunk, the index behind its last block; not falling, the last one = `blocks.length`. Absent: no checksums. */
  readonly groups?: readonly number[];
  /** From the call until the promise settles, time in the queue included. At least 1. */
  readonly timeoutMs: number;
  /** Nobody waits any more: settles as `aborted`, and the pages go the way of a time-out. */
  readonly signal?: AbortSignal;
}

/** Size of what `NixlRead.headers` point to: a record of the arena. */
export const NIXL_HEADER_BYTES = 128;

/**
 * `timeout`, `aborted`: the bytes may still arrive, see `settled`. `gone`: the peer is dead or unreachable, and is no
 * peer of this agent any more. `busy`: nothing was begun, because there is no room for more transfers. `failed`: the
 * request cannot be carried out, e.g. a block outside what the peer registered; the peer stays.
 */
export type NixlOutcome = 'done' | 'timeout' | 'aborted' | 'gone' | 'busy' | 'failed';

export interface NixlReadResult {
  readonly outcome: NixlOutcome;
  /** Why not `done`, in the library's terms. */
  readonly reason?: string;
  /** CRC-32C of each group's bytes as they arrived, unless not `done`; computed on the agent's thread. */
  readonly checksums: Uint32Array;
  /** The headers one behind the other, unless not `done`. */
  readonly headers: Buffer;
  /**
   * Never rejects. Resolves when the library will write to the local blocks no more: at once unless the outcome is
   * `timeout` or `aborted`. Until then the caller keeps the handles of their pages, however long it takes.
   */
  readonly settled: Promise<void>;
}

export interface NixlHealth {
  readonly up: boolean;
  /** Why not up, or the last thing that went wrong. */
  readonly error?: string;
  /** Names of the agents that can be read from. */
  readonly peers: readonly string[];
  /** Transfers that somebody waits for, in the queue or on their way. */
  readonly inFlight: { readonly transfers: number; readonly bytes: number };
  /** Transfers that nobody waits for any more and that the library is not done with. */
  readonly quarantined: { readonly transfers: number; readonly bytes: number };
}

/**
 * NIXL's agent over the arena's region: what peers read from, and what reads from peers. All calls of the library are
 * made on a thread of its own; no method blocks.
 */
export interface NixlAgent {
  /** Names this start of this process: a UUID. */
  readonly name: string;
  /** Of the library: that of its Python package, or `unknown`. */
  readonly version: string;
  /** Of its UCX. */
  readonly tcpSegments?: TcpSegments;
  /** Where the arena's region begins in the address space of this process. */
  readonly regionAddress: bigint;
  /** What peers give to their `addPeer`. Only for those that may read and write the whole region. */
  readonly metadata: Buffer;

  /**
   * Makes a peer known. Concurrent calls with the same metadata are one.
   * @returns the name of the peer's agent
   * @throws KV_NIXL_PEER when the library does not take the metadata or does not reach the peer; KV_NIXL_CLOSED
   */
  addPeer(metadata: Uint8Array): Promise<string>;
  /** Forgets a peer; reads that are on their way end by themselves. No error where there is no such peer. */
  removePeer(name: string): Promise<void>;
  /** Settles when done, failed, aborted or at the deadline, whichever comes first. @throws KV_NIXL_CLOSED */
  read(request: NixlRead): Promise<NixlReadResult>;
  health(): NixlHealth;
  /**
   * Settles waiting reads as `aborted`, waits a moment for what is on its way and lets go of the region. Idempotent.
   * Only then may the region be closed; what the library was not done with keeps it mapped until the process ends.
   */
  close(): Promise<void>;
}
