import {
  type NixlHealth,
  type NixlRead,
  type NixlReadResult,
} from '../../../src/backends/nixl/agent/nixl-agent.interface.js';

export interface AgentFacts {
  readonly name: string;
  readonly version: string;
  readonly regionAddress: bigint;
  readonly metadata: Uint8Array;
}

export interface RepeatedReads {
  readonly done: number;
  readonly elapsedMs: number;
  /** 99th percentile of the event loop's delay meanwhile, the timer's own millisecond taken off. */
  readonly delayP99Ms: number;
}

export interface Resources {
  /** Resident, without the heap of JavaScript. */
  readonly nativeBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

type Later<T> = T | Promise<T>;

/** What a process with an agent can be asked to do. */
export interface NixlProcessCalls {
  about(): AgentFacts;
  /** Writes bytes that depend on the seed and their place. */
  fill(seed: number, offset: number, lengthBytes: number): void;
  /** CRC-32C, as `read` gives it. */
  checksum(offset: number, lengthBytes: number): number;
  crc32(offset: number, lengthBytes: number): number;
  addPeer(metadata: Uint8Array): Promise<string>;
  removePeer(name: string): Promise<void>;
  read(request: NixlRead): Promise<Omit<NixlReadResult, 'settled'>>;
  /** Waits until the library is done with all reads up to now. */
  settled(): Promise<void>;
  /** How often the event loop turns while this is read. */
  turnsDuring(request: NixlRead): Promise<number>;
  repeat(request: NixlRead, times: number, atOnce: number): Promise<RepeatedReads>;
  health(): NixlHealth;
  resources(): Resources;
  close(): Promise<void>;
  exit(code: number): never;
  /** Has nothing more to do. */
  end(): void;
}

export interface Question {
  readonly id: number;
  readonly method: keyof NixlProcessCalls;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The calls as another process makes them. */
export type RemoteCalls = {
  [K in keyof NixlProcessCalls]: (
    ...args: Parameters<NixlProcessCalls[K]>
  ) => Promise<Awaited<Later<ReturnType<NixlProcessCalls[K]>>>>;
};
