import { type CallOptions, type ConnectorCapabilities } from './remote-connector.interface.js';

/** What a plain connector may say of its store; the rest follows from its methods. */
export type PlainCapabilities = Pick<ConnectorCapabilities, 'persistent' | 'shared' | 'ttl'> &
  Pick<ConnectorCapabilities, 'maxValueBytes' | 'maxKeyBytes'>;

export interface PlainPutOptions extends CallOptions {
  /** Milliseconds since the Unix epoch, 0 = never. Only with capability `ttl`. */
  readonly expiresAtMs: number;
}

export interface PlainListPage {
  readonly names: readonly string[];
  /** The empty string when this was the last page. */
  readonly cursor: string;
}

/**
 * A connector for an author who wants ten minutes: names and plain bytes. `adaptPlainConnector` makes a
 * `RemoteConnector` of it: it seals each chunk with its metadata and a checksum, and makes one copy on the way.
 *
 * A name is text without control characters (an LMCache key is its own name). Errors are thrown, whatever they are.
 */
export interface PlainConnector {
  readonly capabilities?: Partial<PlainCapabilities>;

  connect?(options?: CallOptions): Promise<void>;
  close?(): Promise<void>;
  /** Default: `exists` of a name that is not there. */
  ping?(options?: CallOptions): Promise<void>;

  exists(name: string, options?: CallOptions): Promise<boolean>;
  get(name: string, options?: CallOptions): Promise<Uint8Array | undefined>;
  /** Replaces what is there, whole or not at all. `value` must not be kept beyond the call. */
  put(name: string, value: Uint8Array, options?: PlainPutOptions): Promise<void>;
  /** @returns whether it was there. */
  remove?(name: string, options?: CallOptions): Promise<boolean>;
  list?(cursor: string, count: number, options?: CallOptions): Promise<PlainListPage>;
}
