import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ReadOutcome } from '../storage-backend.interface.js';
import { type Peer } from './peers/peer.js';

/** A chunk that is being read. */
export interface WantedChunk {
  readonly key: ChunkKey;
  /** Who may have it and was not asked for it, best first. */
  from: readonly Peer[];
  asked?: Set<Peer>;
  outcome: ReadOutcome;
  isDone: boolean;
}

/**
 * Who is asked for which chunk: the peer that may have most of them for all that it may have, then the one that may have
 * most of the rest. Each chunk's `from` loses the peer that is asked for it.
 */
export class PeerShares {
  readonly #shares = new Map<Peer, WantedChunk[]>();
  /** Whether somebody else may have one of the chunks, too. */
  readonly haveOthers: boolean;

  constructor(wanted: readonly WantedChunk[]) {
    let open = wanted.filter(({ isDone }) => !isDone);
    for (const chunk of open) chunk.from = chunk.from.filter(({ isPromising }) => isPromising);
    open = open.filter(({ from }) => from.length > 0);
    this.haveOthers = open.some(({ from }) => from.length > 1);
    while (open.length > 0) {
      const peer = mostNamed(open);
      this.#shares.set(
        peer,
        open.filter(({ from }) => from.includes(peer)),
      );
      open = open.filter(({ from }) => !from.includes(peer));
    }
    for (const [peer, chunks] of this.#shares)
      for (const chunk of chunks) chunk.from = chunk.from.filter((other) => other !== peer);
  }

  get size(): number {
    return this.#shares.size;
  }

  map<T>(ask: (peer: Peer, chunks: readonly WantedChunk[]) => T): readonly T[] {
    return [...this.#shares].map(([peer, chunks]) => ask(peer, chunks));
  }
}

/** Of several, the one that is named first. */
function mostNamed(chunks: readonly WantedChunk[]): Peer {
  const counts = new Map<Peer, number>();
  for (const { from } of chunks) for (const peer of from) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  const [first, ...others] = [...counts];
  if (first === undefined) throw new TypeError('no chunk, or one without a peer');
  return others.reduce((best, other) => (other[1] > best[1] ? other : best), first)[0];
}
