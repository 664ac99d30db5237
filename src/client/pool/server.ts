import { clientClosed, clientUnavailable } from '../client-errors.js';
import { type ClientSettings } from '../options/client-settings.js';
import { type ServerAddress } from '../options/client-url.js';
import { type Call } from '../wire/call.js';
import { type Connection } from '../wire/connection.js';
import { type ServerHello } from '../wire/hello.js';
import { Lane } from './lane.js';
import { StreamLane } from './stream-lane.js';

/** `control`: small requests; `bulk`: values; `stream`: answers whose reader sets the pace. Neither waits for another. */
export type CallKind = 'control' | 'bulk' | 'stream';

/** One server with all connections to it. */
export class Server {
  readonly address: ServerAddress;
  /** When the first attempt to reach it has ended. @throws why it could not be reached. */
  readonly firstAttempt: Promise<void>;
  readonly #control: Lane;
  readonly #bulk: Lane;
  readonly #streams: StreamLane;
  #hello: ServerHello | undefined;

  constructor(address: ServerAddress, settings: ClientSettings, onHello: (hello: ServerHello) => void) {
    this.address = address;
    const { tls, token, name, connectTimeoutMs, unresponsiveMs, reconnect } = settings;
    const options = { address, tls, token, name, connectTimeoutMs, unresponsiveMs, reconnect };
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.firstAttempt = promise;
    promise.catch(() => undefined);
    const remember = (hello: ServerHello): void => {
      this.#hello = hello;
      onHello(hello);
    };
    this.#control = new Lane(options, settings.controlConnections, {
      onOpen: (hello) => {
        remember(hello);
        resolve(undefined);
      },
      onBroken: reject,
    });
    this.#bulk = new Lane(options, settings.bulkConnections, {
      onOpen: remember,
      onBroken: () => undefined,
    });
    this.#streams = new StreamLane(options, settings.streamConnections);
  }

  /** What it last said of itself; undefined while nobody could speak with it. */
  get hello(): ServerHello | undefined {
    return this.#hello;
  }

  /** Whether calls reach it now, or are likely to soon. */
  get isPromising(): boolean {
    return this.#control.isPromising;
  }

  dispatch(call: Call, kind: CallKind): void {
    if (kind === 'stream') this.#dispatchStream(call);
    else if (kind === 'control' || (!this.#bulk.isPromising && this.#control.isPromising))
      this.#control.dispatch(call);
    else this.#bulk.dispatch(call);
  }

  /** Where one connection hears nothing, those that nobody uses are as good as dead: the next call is not to find that out. */
  checkSilence(elapsedMs: number): void {
    const connections = this.#connections();
    const dead = connections.filter((connection) => connection.checkSilence(elapsedMs));
    if (dead.length === 0) return;
    for (const connection of connections)
      if (dead.includes(connection) || !connection.isBusy) connection.presumeDead();
  }

  /** Ends all calls with KV_CLIENT_CLOSED. Settles when no socket is left. */
  async close(): Promise<void> {
    const closed = this.#connections().map((connection) => connection.closed);
    const error = clientClosed();
    for (const lane of [this.#control, this.#bulk, this.#streams]) lane.close(error);
    await Promise.all(closed);
  }

  #dispatchStream(call: Call): void {
    if (this.#control.isPromising || this.#control.isLeaving) this.#streams.dispatch(call);
    else call.fail(clientUnavailable(this.address.name, 'it did not answer'));
  }

  #connections(): readonly Connection[] {
    return [...this.#control.connections, ...this.#bulk.connections, ...this.#streams.connections];
  }
}
