import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { backendClosed, chunkNotSealed, notSupported } from '../backend-errors.js';
import { HiddenKeys } from '../hidden-keys.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type StorageBackend,
} from '../storage-backend.interface.js';
import { LikelyPeers } from './likely-peers.js';
import { type NixlHost } from './nixl-host.js';
import { type NixlOptions } from './nixl.config.js';
import { PeerLookups } from './peer-lookups.js';
import { PeerReads } from './peer-reads.js';
import { PeerGroup, type PeerGroupOptions } from './peers/peer-group.js';
import { peerStatus } from './peers/peer-status.js';
import { PeerQuestions } from './peer-questions.js';

export interface NixlBackendOptions extends Pick<PeerGroupOptions, 'sources' | 'createReader' | 'logger'> {
  readonly name: string;
  readonly bootId: string;
  readonly options: NixlOptions;
  readonly clock: Clock;
  /** Where the tier uses NIXL. */
  readonly host?: Pick<NixlHost, 'enter' | 'leave' | 'status'> | undefined;
}

const CAPABILITIES: BackendCapabilities = {
  persistent: false,
  shared: true,
  zeroCopy: false,
  scan: false,
  expiry: false,
  metadata: 'any',
  stores: false,
  accounted: false,
  maxChunkBytes: Number.MAX_SAFE_INTEGER,
};

const MAX_HIDDEN_KEYS = 16_384;

/**
 * Chunks that other servers keep. It keeps none itself: who asks it gets what a peer has in tiers of its own, straight into
 * the arena. Nothing that a peer does becomes an error: what no peer gives in time is a miss.
 */
export class NixlBackend implements StorageBackend {
  readonly type = 'nixl';
  readonly name: string;
  readonly capabilities = CAPABILITIES;
  readonly #role: NixlOptions['role'];
  readonly #peers: PeerGroup;
  readonly #host: NixlBackendOptions['host'];
  readonly #requiresNixl: boolean;
  readonly #likely = new LikelyPeers();
  readonly #questions: PeerQuestions;
  /** What was removed here: a peer that still has it is not asked for it. */
  readonly #removed = new HiddenKeys(MAX_HIDDEN_KEYS);
  #isOpen = false;
  /** Settles when the latest `open` or `close` has. */
  #changing: Promise<void> | undefined;

  constructor({ name, bootId, options, clock, sources, createReader, logger, host }: NixlBackendOptions) {
    this.name = name;
    this.#host = host;
    this.#requiresNixl = options.transport === 'nixl';
    this.#role = options.role;
    this.#peers = new PeerGroup({
      what: `Tier "${name}"`,
      bootId,
      sources,
      createReader,
      logger,
      connectTimeoutMs: options.connect_timeout_ms,
      summaries: { everyMs: options.summary_ms, announcements: options.announcements },
      backOff: { minMs: options.back_off_ms, maxMs: Math.max(options.back_off_ms, options.max_back_off_ms) },
    });
    const asked = { peers: this.#peers, likely: this.#likely };
    const lookups = new PeerLookups(asked.peers, asked.likely, options.lookup_timeout_ms);
    const reads = new PeerReads({ ...asked, lookups, timeoutMs: options.timeout_ms, clock });
    this.#questions = new PeerQuestions(lookups, reads, this.#removed);
  }

  /** Peers that cannot be reached are reached later. */
  open(): Promise<void> {
    if (this.#isOpen) return this.#changing ?? Promise.resolve();
    this.#isOpen = true;
    return this.#change(async () => {
      await this.#host?.enter(this.#requiresNixl);
      await this.#peers.start();
    });
  }

  close(): Promise<void> {
    if (!this.#isOpen) return this.#changing ?? Promise.resolve();
    this.#isOpen = false;
    this.#likely.clear();
    return this.#change(async () => {
      await this.#peers.close();
      await this.#host?.leave();
    });
  }

  /** Peers may come: for Nest, which calls this before the doors listen. */
  onApplicationBootstrap(): void {
    this.#peers.announce();
  }

  /** No new peers are to come: for Nest, when the server begins to end. */
  async onModuleDestroy(): Promise<void> {
    await this.#peers.withdraw();
  }

  contains(key: ChunkKey, options: ContainsOptions = {}): Awaitable<boolean> {
    return this.#with(false, (questions) => questions.contains(key, options));
  }

  containsPrefix(keys: readonly ChunkKey[], options: ContainsOptions = {}): Awaitable<number> {
    return this.#with(0, (questions) => questions.containsPrefix(keys, options));
  }

  isPutPending(): boolean {
    return false;
  }

  putMany(handles: readonly ArenaHandle[]): Awaitable<readonly PutOutcome[]> {
    for (const { state } of handles) if (state === 'reserved') throw chunkNotSealed(this.name);
    return this.#answer(handles.map((): PutOutcome => 'rejected'));
  }

  get(key: ChunkKey): Awaitable<ReadOutcome> {
    return this.#with<ReadOutcome>('miss', (questions) => questions.get(key));
  }

  getMany(keys: readonly ChunkKey[]): Awaitable<readonly ReadOutcome[]> {
    const misses = keys.map((): ReadOutcome => 'miss');
    return this.#with<readonly ReadOutcome[]>(misses, (questions) => questions.getMany(keys));
  }

  pin(): Awaitable<boolean> {
    return this.#answer(false);
  }

  unpin(): Awaitable<boolean> {
    return this.#answer(false);
  }

  /** Peers keep what they have; here it is not found again. */
  remove(key: ChunkKey): Awaitable<boolean> {
    const answer = this.#answer(false);
    this.#removed.hide(key);
    return answer;
  }

  removeMany(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]> {
    const answer = this.#answer(keys.map(() => false));
    for (const key of keys) this.#removed.hide(key);
    return answer;
  }

  expire(): Awaitable<boolean> {
    return this.#answer(false);
  }

  expiresAtMs(key: ChunkKey): Awaitable<number | undefined> {
    return this.#with<number | undefined>(undefined, async (questions) => {
      const outcome = await questions.get(key);
      if (typeof outcome === 'string') return undefined;
      using chunk = outcome;
      return chunk.attributes.expiresAtMs;
    });
  }

  clear(): Awaitable<number> {
    return this.#answer(0);
  }

  scan(): never {
    throw notSupported(this.name, 'scan');
  }

  usage(): BackendUsage {
    const peers = this.#peers.all;
    const { counters } = this.#peers;
    return {
      capacityBytes: 0,
      usedBytes: 0,
      chunks: 0,
      evictions: 0,
      leasedBytes: 0,
      pinnedBytes: 0,
      corruptions: counters.corruptions,
      healthy: !this.#isOpen || peers.length === 0 || peers.some(({ isPromising }) => isPromising),
      counters: { ...counters, removed_keys_forgotten: this.#removed.forgotten },
      peers: peers.map(peerStatus),
      ...(this.#host && { agent: this.#host.status() }),
    };
  }

  /** @param nothing the answer of one who asks nobody. */
  #with<T>(nothing: T, ask: (questions: PeerQuestions) => Promise<T>): Awaitable<T> {
    const answer = this.#answer(nothing);
    if (this.#role === 'sender') return answer;
    if (!(answer instanceof Promise)) return ask(this.#questions);
    return answer.then(() => ask(this.#questions));
  }

  /** This answer, when it is open. @throws KV_BACKEND_CLOSED */
  #answer<T>(answer: T): Awaitable<T> {
    if (!this.#isOpen) throw backendClosed(this.name);
    if (this.#changing === undefined) return answer;
    return this.#changing.then(() => {
      if (!this.#isOpen) throw backendClosed(this.name);
      return answer;
    });
  }

  /** Opens and closes one after the other. */
  #change(step: () => Promise<void>): Promise<void> {
    const before = this.#changing ?? Promise.resolve();
    const changing = before.then(step).finally(() => {
      if (this.#changing === changing) this.#changing = undefined;
    });
    this.#changing = changing;
    return changing;
  }
}
