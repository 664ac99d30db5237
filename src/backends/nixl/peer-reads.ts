import { type Clock } from '../../common/clock.js';
import { remoteFailed } from '../../connectors/connector-errors.js';
import { type FetchOutcome } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ReadOutcome } from '../storage-backend.interface.js';
import { type LikelyPeers } from './likely-peers.js';
import { type PeerLookups } from './peer-lookups.js';
import { type PeerGroup } from './peers/peer-group.js';
import { type Peer } from './peers/peer.js';
import { inBatches } from '../in-batches.js';
import { PeerShares, type WantedChunk } from './peer-shares.js';

/** Chunks asked for in one question: they all need room in the arena. */
const BATCH_KEYS = 32;
/** A lookup ends with the first who has everything: when that one fails, the others are asked once more. */
const MAX_LOOKUPS = 2;

export interface PeerReadsParts {
  readonly peers: Pick<PeerGroup, 'promising'>;
  readonly likely: LikelyPeers;
  readonly lookups: PeerLookups;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Reads chunks from peers: from those that had them a moment ago, else from those that say that they have them. A peer
 * that fails costs a share of the time that a read may take; then the next one that has the chunk is asked.
 */
export class PeerReads {
  constructor(private readonly parts: PeerReadsParts) {}

  async getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const deadlineMs = performance.now() + this.parts.timeoutMs;
    return inBatches(keys, BATCH_KEYS, (some) => this.#read(some, deadlineMs));
  }

  async #read(keys: readonly ChunkKey[], deadlineMs: number): Promise<readonly ReadOutcome[]> {
    const { likely } = this.parts;
    const wanted = keys.map((key): WantedChunk => ({
      key,
      from: [...likely.of(key)],
      outcome: 'miss',
      isDone: false,
    }));
    await this.#fetch(wanted, deadlineMs);
    for (let lookups = 0; lookups < MAX_LOOKUPS; lookups++) {
      const open = wanted.filter(({ isDone }) => !isDone);
      if (open.length === 0 || performance.now() >= deadlineMs) break;
      await this.#locate(open);
      if (!(await this.#fetch(open, deadlineMs))) break;
    }
    return wanted.map(({ outcome }) => outcome);
  }

  /** Where one peer only may have a chunk, as far as is known, it is asked for the chunk itself. */
  async #locate(open: readonly WantedChunk[]): Promise<void> {
    const { peers, lookups } = this.parts;
    const { promising } = peers;
    const doubtful = open.filter((chunk) => {
      const may = promising.filter((peer) => chunk.asked?.has(peer) !== true && peer.mayHave(chunk.key));
      if (may.length <= 1) chunk.from = may;
      return may.length > 1;
    });
    if (doubtful.length === 0) return;
    const found = await lookups.locate(doubtful.map(({ key }) => key));
    for (const [index, chunk] of doubtful.entries())
      chunk.from = (found[index] ?? []).filter((peer) => chunk.asked?.has(peer) !== true);
  }

  /**
   * Until each chunk is there, or nobody is left who may have it, or time is up.
   * @returns whether anybody was asked.
   */
  async #fetch(wanted: readonly WantedChunk[], deadlineMs: number): Promise<boolean> {
    for (let attempts = 0; ; attempts++) {
      const shares = new PeerShares(wanted);
      const leftMs = deadlineMs - performance.now();
      if (shares.size === 0 || leftMs <= 0) return attempts > 0;
      // Who has others to fall back on does not wait for one to the end.
      const attemptMs = Math.max(1, Math.floor(shares.haveOthers ? leftMs / 2 : leftMs));
      await Promise.all(shares.map((peer, chunks) => this.#ask(peer, chunks, attemptMs)));
    }
  }

  async #ask(peer: Peer, chunks: readonly WantedChunk[], timeoutMs: number): Promise<void> {
    const keys = chunks.map(({ key }) => key);
    const outcomes = await peer.ask(
      'a read',
      timeoutMs,
      (reader, signal) => reader.getMany(keys, { signal }),
      disposeAll,
    );
    for (const [index, chunk] of chunks.entries()) this.#take(peer, chunk, outcomes?.[index] ?? 'miss');
  }

  #take(peer: Peer, chunk: WantedChunk, given: FetchOutcome): void {
    const { likely, clock } = this.parts;
    (chunk.asked ??= new Set()).add(peer);
    const outcome = typeof given === 'string' ? given : fresh(given, clock);
    if (outcome === 'miss') likely.forget(chunk.key);
    else chunk.outcome = outcome;
    if (outcome === 'corrupt') {
      peer.counters.corruptions++;
      peer.fail(remoteFailed(peer.label, 'a chunk failed its checksum', { retryable: true }));
    }
    if (typeof outcome === 'object') {
      peer.counters.hits++;
      peer.counters.hit_bytes += outcome.lengthBytes;
    }
    // Without room in our own arena, nobody else can help.
    chunk.isDone = typeof outcome === 'object' || outcome === 'busy';
  }
}

function fresh(chunk: Exclude<FetchOutcome, string>, clock: Clock): FetchOutcome {
  const { expiresAtMs } = chunk.attributes;
  if (expiresAtMs === 0 || expiresAtMs > clock.nowMs()) return chunk;
  chunk[Symbol.dispose]();
  return 'miss';
}

function disposeAll(outcomes: readonly FetchOutcome[]): void {
  for (const outcome of outcomes) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
}
