import { type Arena } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LocateAnswer, NO_LEASE } from '../../protocols/kvnest-tcp/locate.js';
import { type SummaryAnswer, type SummaryVersion } from '../../protocols/kvnest-tcp/summary.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { KeySummary } from './key-summary.js';
import { Locating } from './locating.js';
import { PeerLeases } from './peer-leases.js';
import { type Asker, type LocateOptions, type PeerOwner, type WaitingAsker } from './peer-owner.interface.js';

/** Longest lease. */
export const MAX_LEASE_MS = 30_000;
/** The part of the arena that is held for peers at most. */
const LEASED_PART = 4;

export interface PeerOwnerParts {
  readonly arena: Arena;
  readonly stack: TierStack;
  /** Default `MAX_LEASE_MS`. */
  readonly maxLeaseMs?: number;
}

/** Holds chunks of the tiers for peers that read them. */
export class TieredPeerOwner implements PeerOwner {
  readonly #leases: PeerLeases;
  readonly #summary: KeySummary;
  #isDraining = false;
  #questions = 0;
  #located = 0;
  #busy = 0;

  constructor(private readonly parts: PeerOwnerParts) {
    this.#leases = new PeerLeases(parts.arena.usage().dataBytes / LEASED_PART);
    this.#summary = new KeySummary(parts.stack.tiers);
  }

  async locate(
    keys: readonly ChunkKey[],
    { leaseMs, knowsLoss }: LocateOptions,
    asker: Asker,
  ): Promise<LocateAnswer> {
    this.#questions++;
    const { stack, maxLeaseMs = MAX_LEASE_MS } = this.parts;
    const time = leaseMs === 0 ? maxLeaseMs : Math.min(leaseMs, maxLeaseMs);
    if (!this.#mayHold(asker)) {
      this.#busy += keys.length;
      return { lease: NO_LEASE, leaseMs: 0, outcomes: keys.map(() => 'busy') };
    }
    const locating = new Locating({
      keys,
      asker,
      knowsLoss,
      leases: this.#leases,
      read: (key) => stack.read(key, { localOnly: true }),
    });
    try {
      await locating.run();
    } catch (error) {
      locating.giveUp();
      throw error;
    }
    const { handles, outcomes } = locating;
    if (!this.#mayHold(asker)) locating.giveUp();
    if (handles.length === 0)
      return {
        lease: NO_LEASE,
        leaseMs: 0,
        outcomes: outcomes.map((told) => (told === 'miss' ? told : 'busy')),
      };
    this.#located += handles.length;
    this.#busy += outcomes.filter((told) => told === 'busy').length;
    return { lease: this.#leases.grant(handles, time), leaseMs: time, outcomes };
  }

  release(leases: readonly string[]): readonly boolean[] {
    return leases.map((lease) => this.#leases.release(lease));
  }

  summary(since: SummaryVersion, waitMs: number, asker: WaitingAsker): Promise<SummaryAnswer> {
    return this.#summary.since(since, waitMs, asker);
  }

  counters(): Readonly<Record<string, number>> {
    const { granted, expired, grantedBytes, endedBytes, count } = this.#leases;
    const { waits } = this.#summary;
    return {
      peer_locates: this.#questions,
      peer_chunks_located: this.#located,
      peer_chunks_busy: this.#busy,
      peer_leases: granted,
      peer_leases_ended: granted - count,
      peer_leases_expired: expired,
      peer_leased_bytes: grantedBytes,
      peer_leased_bytes_ended: endedBytes,
      peer_summaries: this.#summary.answered,
      peer_waits: waits.begun,
      peer_waits_ended: waits.begun - waits.count,
    };
  }

  /** From now on nothing is held for peers that is not held already, and no question waits. */
  beginDrain(): void {
    this.#isDraining = true;
    this.#summary.waits.close();
  }

  /** Waits for peers that read still, and gives everything back. */
  async close(graceMs: number): Promise<void> {
    this.beginDrain();
    const grace = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => grace.resolve(undefined), graceMs);
    await Promise.race([this.#leases.whenIdle(), grace.promise]);
    clearTimeout(timer);
    this.#leases.releaseAll();
    this.#summary.close();
  }

  #mayHold({ ended }: Asker): boolean {
    return !this.#isDraining && !ended;
  }
}
