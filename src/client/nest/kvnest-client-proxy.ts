import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { lastValueFrom, type Observable } from 'rxjs';
import { connect } from '../connect.js';
import { type ConnectOptions, type KvnestClient } from '../kvnest-client.interface.js';

/** Where the messages of a proxy go: to servers of its own, or to those of a client that is there already. */
export type KvnestClientProxyOptions =
  ({ readonly url: string } & ConnectOptions) | { readonly client: KvnestClient };

/**
 * Nest's own way to send messages, over `kvnest/client`: any message pattern of a server and of the modules that it loads.
 * There is no time-out, as with other transports of Nest: `timeout()` of RxJS makes one. A server that hangs is an error all
 * the same.
 */
export class KvnestClientProxy extends ClientProxy {
  readonly #options: KvnestClientProxyOptions;
  #connecting: Promise<KvnestClient> | undefined;
  #client: KvnestClient | undefined;

  constructor(options: KvnestClientProxyOptions) {
    super();
    this.#options = options;
  }

  /** Concurrent calls are one; after a failure it can be tried again. */
  connect(): Promise<KvnestClient> {
    this.#connecting ??= this.#open().catch((error: unknown) => {
      this.#connecting = undefined;
      throw error;
    });
    return this.#connecting;
  }

  /** A client that was passed in goes on. */
  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    this.#client = undefined;
    if (connecting === undefined || 'client' in this.#options) return;
    const client = await connecting.catch(() => undefined);
    await client?.close();
  }

  /** The `KvnestClient`. @throws before `connect`. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    if (this.#client === undefined) throw new Error('Not connected: call connect() first.');
    return this.#client as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const subscription = this.#answers(packet).subscribe({
      next: (response) => callback({ response }),
      complete: () => callback({ isDisposed: true }),
      error: (err: unknown) => callback({ err }),
    });
    return () => subscription.unsubscribe();
  }

  /** Settles when the server has handled the event. */
  protected dispatchEvent<T = unknown>(packet: ReadPacket): Promise<T> {
    return lastValueFrom(this.#answers(packet), { defaultValue: undefined }) as Promise<T>;
  }

  #answers({ pattern, data }: ReadPacket): Observable<unknown> {
    return this.unwrap<KvnestClient>().send(this.normalizePattern(pattern as string), data, { timeoutMs: 0 });
  }

  async #open(): Promise<KvnestClient> {
    this.#client = 'client' in this.#options ? this.#options.client : await connectTo(this.#options);
    this._status$.next('connected');
    return this.#client;
  }
}

function connectTo({ url, ...options }: { readonly url: string } & ConnectOptions): Promise<KvnestClient> {
  return connect(url, options);
}
