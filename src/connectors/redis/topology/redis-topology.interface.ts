import { type RespAddress } from '../../resp-client/resp-address.js';

/** Which server has which key, and who tells when that changes. Values never pass through it. */
export interface RedisTopology {
  /** Whether a server may say that another one has a key: only those of a cluster are believed. */
  readonly redirects: boolean;
  /** Finds the servers; signs in; checks that they answer. @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_REFUSED */
  open(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** The server that has the key now. @throws KV_REMOTE_UNREACHABLE while nobody has it. */
  serverOf(key: Buffer): RespAddress;
  /** All servers that hold keys, for listing and ping. */
  servers(): readonly RespAddress[];
  /**
   * A server answered `-MOVED`, `-READONLY` or `-CLUSTERDOWN`, or the connection to it failed: look again. Settles when
   * the answer may be different; many calls at once are one.
   */
  refresh(): Promise<void>;
}
