import { type PeerAddress } from './peer-address.js';
import { type PeerLogger, type PeerSource } from './peer-source.interface.js';
import { Peer, type PeerOptions } from './peer.js';
import { addCounters, type PeerCounters } from './peer-counters.js';

export interface PeerGroupOptions extends Omit<PeerOptions, 'reader' | 'isTwin'> {
  readonly sources: readonly PeerSource[];
  readonly createReader: (address: PeerAddress) => PeerOptions['reader'];
  readonly logger: PeerLogger;
}

/** Most peers of one tier: a registry that anybody may write to is not to make connections without end. */
const MAX_PEERS = 256;

/** All peers that the sources tell of, each once. */
export class PeerGroup {
  readonly #options: PeerGroupOptions;
  readonly #told = new Map<PeerSource, readonly PeerAddress[]>();
  readonly #peers = new Map<string, Peer>();
  readonly #leaving = new Set<Promise<void>>();
  /** Of peers that left. */
  #past: PeerCounters = addCounters();
  #isToldTooMany = false;

  constructor(options: PeerGroupOptions) {
    this.#options = options;
  }

  get all(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /** Those that it makes sense to ask now. */
  get promising(): readonly Peer[] {
    return this.all.filter(({ isPromising }) => isPromising);
  }

  /** @returns when every peer that is known by then was reached, or could not be. */
  async start(): Promise<void> {
    await Promise.all(
      this.#options.sources.map((source) =>
        source.start((peers) => {
          this.#told.set(source, peers);
          this.#update();
        }),
      ),
    );
    await Promise.all(this.all.map(({ firstAttempt }) => firstAttempt));
  }

  /** What was counted of all peers, those that left included. */
  get counters(): PeerCounters {
    return addCounters(this.#past, ...this.all.map(({ counters }) => counters));
  }

  announce(): void {
    for (const source of this.#options.sources) source.announce?.();
  }

  async withdraw(): Promise<void> {
    await Promise.all(this.#options.sources.map(async (source) => source.withdraw?.()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => source.stop()));
    this.#told.clear();
    this.#update();
    await Promise.all(this.#leaving);
  }

  #update(): void {
    const wanted = this.#wanted();
    for (const [name, peer] of this.#peers) {
      if (wanted.has(name)) continue;
      this.#peers.delete(name);
      this.#past = addCounters(this.#past, peer.counters);
      const closing = peer.close().finally(() => this.#leaving.delete(closing));
      this.#leaving.add(closing);
    }
    for (const [name, address] of wanted) if (!this.#peers.has(name)) this.#add(name, address);
  }

  #wanted(): ReadonlyMap<string, PeerAddress> {
    const wanted = new Map<string, PeerAddress>();
    for (const addresses of this.#told.values())
      for (const address of addresses) {
        if (wanted.size === MAX_PEERS && !wanted.has(address.name)) return this.#tooMany(wanted);
        if (!wanted.has(address.name)) wanted.set(address.name, address);
      }
    return wanted;
  }

  #tooMany(wanted: ReadonlyMap<string, PeerAddress>): ReadonlyMap<string, PeerAddress> {
    if (!this.#isToldTooMany)
      this.#options.logger.warn(`${this.#options.what}: only the first ${MAX_PEERS} peers are asked`);
    this.#isToldTooMany = true;
    return wanted;
  }

  #add(name: string, address: PeerAddress): void {
    const peer: Peer = new Peer({
      ...this.#options,
      reader: this.#options.createReader(address),
      isTwin: (bootId) => this.#hasTwin(peer, bootId),
    });
    this.#peers.set(name, peer);
    peer.start();
  }

  /** Whether the same server is asked by another name already. */
  #hasTwin(peer: Peer, bootId: string): boolean {
    return this.all.some((other) => other !== peer && other.isPromising && other.identity?.bootId === bootId);
  }
}
