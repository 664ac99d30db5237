import { remoteAborted, remoteClosed, remoteOverloaded } from '../connectors/connector-errors.js';
import { type Layer, type LayerCall, type NextLayer } from './layer.interface.js';

export interface LimitLayerOptions {
  /** What errors call the store. */
  readonly store: string;
  /** How many calls run at once. */
  readonly maxCalls: number;
  /** How many bytes running calls send. A call that sends more than all of this goes when no other one sends. */
  readonly maxBytes: number;
  /** How many calls wait for their turn. */
  readonly maxWaitingCalls: number;
  /** How many bytes waiting calls hold; one call may hold more. */
  readonly maxWaitingBytes: number;
  readonly maxWaitMs: number;
}

interface WaitingCall {
  readonly bytes: number;
  start(): void;
  fail(error: Error): void;
}

/**
 * Bounds how much is asked of a store at once. What is beyond waits, first come, first served, so that no call is
 * overtaken for ever; what finds the queue full, or waits too long, ends with KV_REMOTE_OVERLOADED.
 */
export class LimitLayer implements Layer {
  readonly name = 'limit';
  readonly #waiting = new Set<WaitingCall>();
  #waitingBytes = 0;
  #calls = 0;
  #bytes = 0;

  constructor(private readonly options: LimitLayerOptions) {}

  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    return this.#waiting.size === 0 && this.#hasRoom(call) ? this.#run(call, next) : this.#wait(call, next);
  }

  close(next: () => Promise<void>): Promise<void> {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.fail(remoteClosed(this.options.store));
    return next();
  }

  #hasRoom({ bytes }: { readonly bytes: number }): boolean {
    if (this.#calls >= this.options.maxCalls) return false;
    return this.#bytes === 0 || bytes === 0 || this.#bytes + bytes <= this.options.maxBytes;
  }

  #run<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    const { bytes } = call;
    this.#calls++;
    this.#bytes += bytes;
    const answer = next(call);
    const leave = (): void => {
      this.#calls--;
      this.#bytes -= bytes;
      if (this.#waiting.size > 0) this.#startWaiting();
    };
    answer.then(leave, leave);
    return answer;
  }

  #wait<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    const { store, maxWaitMs } = this.options;
    const { bytes, signal } = call;
    if (signal?.aborted === true) return Promise.reject(remoteAborted(store));
    if (this.#isQueueFull(bytes)) return Promise.reject(remoteOverloaded(store, 'too many calls wait'));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiting);
        this.#waitingBytes -= bytes;
      };
      const waiting: WaitingCall = {
        bytes,
        start: () => {
          leave();
          resolve(this.#run(call, next));
        },
        fail: (error) => {
          leave();
          reject(error);
          this.#startWaiting();
        },
      };
      const onAbort = (): void => waiting.fail(remoteAborted(store));
      const tooLong = (): void => waiting.fail(remoteOverloaded(store, `a call waited for ${maxWaitMs} ms`));
      const timer = setTimeout(tooLong, maxWaitMs);
      signal?.addEventListener('abort', onAbort);
      this.#waiting.add(waiting);
      this.#waitingBytes += bytes;
    });
  }

  #isQueueFull(bytes: number): boolean {
    const { maxWaitingCalls, maxWaitingBytes } = this.options;
    if (this.#waiting.size >= maxWaitingCalls) return true;
    return bytes > 0 && this.#waitingBytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes;
  }

  #startWaiting(): void {
    for (const first of this.#waiting) {
      if (!this.#hasRoom(first)) return;
      first.start();
    }
  }
}
