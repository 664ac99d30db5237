import { type CallOptions } from '../connectors/remote-connector.interface.js';

/** What is called: the methods of connectors and backends that reach their medium. */
export type LayerOperation =
  | 'connect'
  | 'open'
  | 'ping'
  | 'exists'
  | 'existsMany'
  | 'contains'
  | 'containsPrefix'
  | 'get'
  | 'getMany'
  | 'put'
  | 'putMany'
  | 'remove'
  | 'removeMany'
  | 'list'
  | 'scan'
  | 'pin'
  | 'unpin'
  | 'expire'
  | 'expiresAtMs'
  | 'clear';

/** One call on its way to a connector or backend. */
export interface LayerCall<T = unknown> {
  readonly operation: LayerOperation;
  /** How many chunks it names: 0 for `connect`, `ping`, `list` and the like. */
  readonly keys: number;
  /** Bytes of the chunks that it sends; 0 for a call that only asks. */
  readonly bytes: number;
  /** Doing it twice is as doing it once. */
  readonly idempotent: boolean;
  /** Aborts when nobody waits for the answer any more. It may be made when it is first read: read it if you need it. */
  readonly signal: AbortSignal | undefined;

  /** Makes the call: what `next` of the innermost layer does. It may run more than once. Never throws, but rejects. */
  run(): Promise<T>;
  /** The same call with another signal, which is read from `source` when somebody asks for it. */
  withSignal(source: CallOptions): LayerCall<T>;
  /**
   * References of its own to the chunks that it sends, for a layer that settles the call before what is below has: the
   * caller may dispose his at that moment. To be taken while the call runs.
   */
  keepChunks(): Disposable;
  /** Gives back an answer that nobody takes. */
  discard(answer: T): void;
}

/** Makes a call in all layers below, and at last in the connector or backend. Never throws, but rejects. */
export type NextLayer = <T>(call: LayerCall<T>) => Promise<T>;

/**
 * Something between a caller and a connector or backend: it may make the call, make it again, later, or not at all.
 *
 * - What it answers instead is an error, which for a backend becomes what a tier out of order answers.
 * - An answer that came and is not passed on is given back with `call.discard`.
 * - One object belongs to one connector or backend: it may keep state.
 */
export interface Layer {
  readonly name: string;
  /** Never throws, but rejects. */
  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T>;
  /**
   * Surrounds `close`: settles calls that wait in this layer, then closes what is below. Default: closes what is below.
   * It may be opened again afterwards.
   */
  close?(next: () => Promise<void>): Promise<void>;
}
