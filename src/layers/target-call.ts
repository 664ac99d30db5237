import { type ArenaHandle } from '../arena/arena.interface.js';
import { type Awaitable } from '../common/awaitable.js';
import { type CallOptions } from '../connectors/remote-connector.interface.js';
import { type LayerCall, type LayerOperation } from './layer.interface.js';

const NO_CHUNKS: readonly ArenaHandle[] = [];

/** A call of one method of a connector or backend. */
export class TargetCall<T> implements LayerCall<T> {
  readonly bytes: number;

  constructor(
    readonly operation: LayerOperation,
    readonly keys: number,
    private readonly invoke: (options: CallOptions | undefined) => Awaitable<T>,
    private readonly options?: CallOptions,
    private readonly chunks: readonly ArenaHandle[] = NO_CHUNKS,
  ) {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.lengthBytes;
    this.bytes = bytes;
  }

  get idempotent(): boolean {
    return this.operation !== 'pin' && this.operation !== 'unpin';
  }

  get signal(): AbortSignal | undefined {
    return this.options?.signal;
  }

  run(): Promise<T> {
    try {
      const answer = this.invoke(this.options);
      return answer instanceof Promise ? answer : Promise.resolve(answer);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  withSignal(source: CallOptions): LayerCall<T> {
    return new TargetCall(this.operation, this.keys, this.invoke, source, this.chunks);
  }

  keepChunks(): Disposable {
    const kept = this.chunks.map((chunk) => chunk.retain());
    return {
      [Symbol.dispose]: () => {
        for (const chunk of kept) chunk[Symbol.dispose]();
      },
    };
  }

  discard(answer: T): void {
    if (this.operation !== 'get' && this.operation !== 'getMany') return;
    for (const outcome of [answer].flat() as readonly (ArenaHandle | string)[]) {
      if (typeof outcome !== 'string') outcome[Symbol.dispose]();
    }
  }
}
