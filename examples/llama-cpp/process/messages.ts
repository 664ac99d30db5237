import { type PromptRequest, type PromptResult } from '../engine/run-prompt.ts';

/** Which door of kvnest to use: `http://host:port`, `redis://host:port` or `kvnest://host:port`. */
export interface CacheAddress {
  readonly cache?: string;
}

/** One line to an engine process. */
export type WorkerRequest = PromptRequest & CacheAddress;

/** The first line from an engine process. */
export interface WorkerReady {
  readonly modelId: string;
  readonly chunkBytes: number;
  readonly vocabularySize: number;
}

/** Any line from an engine process; the first carries a `WorkerReady`, each other one answers a request, in order. */
export type WorkerReply<T extends WorkerReady | PromptResult> = T | { readonly error: WorkerError };

/** An error that crossed the border of a process. */
export interface WorkerError {
  readonly message: string;
  readonly code?: string;
}
