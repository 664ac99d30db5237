import {
  type CallOptions,
  type ExistsOptions,
  type FetchOutcome,
} from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** How the bytes of chunks come from a peer: `nixl` straight from its arena into ours, `tcp` through its TCP microservice. */
export type PeerTransport = 'nixl' | 'tcp';

export interface PeerExistsOptions extends ExistsOptions {
  /** The peer protects what it has from eviction, until it is read or its own time for this is up. */
  readonly lease?: boolean;
}

/** What is known of a peer once it was reached. */
export interface PeerIdentity {
  /** New at each start of its server: who has the same one is the same process. */
  readonly bootId: string;
  /** Name and version of the server, in a few words. */
  readonly server: string;
}

/**
 * How chunks are read from one peer, which is another server: only those that it has in tiers of its own. Without
 * resilience: time-outs (`signal`), back-off and choice among peers are the backend's.
 *
 * - Outcomes are values. What the peer or the network did wrong is thrown as a `KV_REMOTE_…` or `KV_NIXL_…` error.
 * - Chunks that go out are sealed, their bytes match their checksum, and they belong to the receiver.
 * - When `signal` aborts, the promise settles soon, with any outcome or error. Pages that the peer or a transfer may
 *   still write to stay with the reader until they may be used again.
 */
export interface PeerReader {
  readonly transport: PeerTransport;
  /** Why not in a better way, where there is one. */
  readonly transportReason?: string | undefined;
  /** What errors and logs call the peer; holds no secret. */
  readonly label: string;

  /**
   * Reaches the peer, or makes sure that it is still reached. Idempotent; concurrent calls are one. A reader that lost its
   * peer finds it again by this call at the latest; the identity may be another one then.
   * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_REFUSED, KV_REMOTE_PROTOCOL, KV_REMOTE_TIMEOUT, KV_NIXL_…
   */
  connect(options?: CallOptions): Promise<PeerIdentity>;
  /** Settles running calls, then gives everything back. Idempotent. It cannot connect again. */
  close(): Promise<void>;
  /** What is known of the peer, in a few words: its version, transport. @throws as `connect` */
  describe(options?: CallOptions): Promise<string>;

  /** Answers in the order of the keys, also below; one round trip. */
  existsMany(keys: readonly ChunkKey[], options?: PeerExistsOptions): Promise<readonly boolean[]>;
  /** One round trip for all of them, and the transfer of their bytes. */
  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]>;
  /** A summary of the keys that the peer has; absent where peers give none. */
  readonly summary?: PeerSummary | undefined;
}

/** What a refresh brought: `none`: the peer gives no summary. */
export type SummaryNews = 'something' | 'nothing' | 'none';

export interface RefreshOptions extends CallOptions {
  /** The peer waits with its answer until something is new, or so long; only where it `announces`. Default 0: it does not. */
  readonly waitMs?: number;
}

/** What a peer has not, as far as its latest summary tells. May say `true` of what is not there. */
export interface PeerSummary {
  /** When it was last asked for and came in (`performance.now()`), -Infinity = never: a `false` of an old summary may be out of date. */
  readonly refreshedAtMs: number;
  /** Whether a refresh may wait at the peer. @throws as `connect` of the reader */
  readonly announces: boolean;
  /** @returns false where the peer did not have the chunk at the time of the summary. True while there is none. */
  mayHave(key: ChunkKey): boolean;
  /** Asks the peer for what changed; one at a time. @throws as `connect` of the reader. */
  refresh(options?: RefreshOptions): Promise<SummaryNews>;
}
