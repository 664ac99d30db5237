import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LocateAnswer } from '../../protocols/kvnest-tcp/locate.js';
import { type SummaryAnswer, type SummaryVersion } from '../../protocols/kvnest-tcp/summary.js';

/** Someone who waits for an answer, or does not any more. */
export interface Asker {
  readonly ended: boolean;
}

/** Who can take a question back that waits. */
export interface WaitingAsker extends Asker {
  /** @param cleanup called when nobody waits for the answer any more; at once where that is so already. */
  onAbort(cleanup: () => void): void;
}

export interface LocateOptions {
  /** How long chunks are held, as far as this server allows; 0 = as long as it does. */
  readonly leaseMs: number;
  /** Who asks keeps what a chunk has lost. Else one that has lost something is not told. */
  readonly knowsLoss: boolean;
}

/** What this server does for peers that read its chunks straight from its memory. */
export interface PeerOwner {
  /**
   * Where chunks lie that are in tiers of this server's own, which are held there under a lease. One that lies on a disk only is
   * read into memory.
   */
  locate(keys: readonly ChunkKey[], options: LocateOptions, asker: Asker): Awaitable<LocateAnswer>;
  /** @returns for each lease, whether it was held. */
  release(leases: readonly string[]): readonly boolean[];
  /**
   * What keys there are, or which came since a version.
   *
   * @param waitMs how long the answer may wait for a key that is new, as far as this server allows; 0 = it does not.
   */
  summary(since: SummaryVersion, waitMs: number, asker: WaitingAsker): Awaitable<SummaryAnswer>;
  counters(): Readonly<Record<string, number>>;
}

export const PEER_OWNER = Symbol.for('kvnest:PeerOwner');
