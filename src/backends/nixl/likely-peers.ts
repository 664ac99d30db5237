import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type Peer } from './peers/peer.js';

interface Entry {
  readonly peers: readonly Peer[];
  readonly atMs: number;
}

const MAX_KEYS = 16_384;
const LIFETIME_MS = 10_000;

/** Which peers had a chunk a moment ago, so that a read after a lookup asks nobody else. May be wrong. */
export class LikelyPeers {
  readonly #entries = new Map<string, Entry>();

  /** @returns those that may be asked now, best first. */
  of(key: ChunkKey): readonly Peer[] {
    const entry = this.#entries.get(key.id);
    if (entry === undefined) return [];
    if (performance.now() - entry.atMs > LIFETIME_MS) {
      this.#entries.delete(key.id);
      return [];
    }
    return entry.peers.filter(({ isPromising }) => isPromising);
  }

  remember(key: ChunkKey, peers: readonly Peer[]): void {
    this.#entries.delete(key.id);
    if (peers.length === 0) return;
    this.#entries.set(key.id, { peers, atMs: performance.now() });
    if (this.#entries.size <= MAX_KEYS) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  forget(key: ChunkKey): void {
    this.#entries.delete(key.id);
  }

  clear(): void {
    this.#entries.clear();
  }
}
