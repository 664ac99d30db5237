import { setTimeout as sleep } from 'node:timers/promises';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { createArena } from '../../src/arena/create-arena.js';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { LoopbackConnector } from '../../src/connectors/loopback/loopback.connector.js';
import { adaptPlainConnector } from '../../src/connectors/plain-connector.adapter.js';
import { type ChaosFaults, ChaosLayer } from '../../src/layers/chaos.layer.js';
import { layeredConnector } from '../../src/layers/layered-connector.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { sealedChunk } from '../contracts/chunks/chunk-bytes.js';
import { ManualClock } from './clock.js';
import { expectEventually } from './eventually.js';
import { RecordingLogger } from './recording-logger.js';
import { SeededRandom } from './seeded-random.js';
import { VersionedKey, versionBytes } from './versioned-key.js';

const CLIENTS = 6;
const STEPS = 80;
const NAMES = ['a', 'b', 'c', 'd'];
const HOUR_MS = 3_600_000;
const LABEL = 'loopback://model';

/** Short, so that calls end in every way in a second. */
const SHORT_TIMES = {
  timeout_ms: 40,
  lookup_timeout_ms: 20,
  connect_timeout_ms: 20,
  breaker_reset_ms: 10,
  ping_interval_ms: 15,
};

/** What befalls the store, one at a time. */
const TROUBLES: readonly (ChaosFaults & { readonly late?: number })[] = [
  {},
  { delay: 0.5 },
  { late: 0.3 },
  { error: 0.3, delay: 0.3 },
  { hang: 0.1, delay: 0.3 },
  { partial: 0.3, delay: 0.3 },
  { error: 1 },
  { hang: 1 },
  { error: 0.1, hang: 0.05, partial: 0.1, corrupt: 0.05, delay: 0.5, late: 0.1 },
];

/** A store that makes some changes later than anybody waits, and hears of no signal. */
class LateStore extends LoopbackConnector {
  late = 0;

  constructor(
    private readonly random: SeededRandom,
    clock: ManualClock,
  ) {
    super(new Map(), clock);
  }

  override async put(...args: Parameters<LoopbackConnector['put']>): Promise<void> {
    await this.#pause();
    return super.put(...args);
  }

  override async remove(...args: Parameters<LoopbackConnector['remove']>): Promise<boolean> {
    await this.#pause();
    return super.remove(...args);
  }

  async #pause(): Promise<void> {
    if (this.random.below(100) < 100 * this.late) await sleep(this.random.below(3 * SHORT_TIMES.timeout_ms));
  }
}

interface ModelledKey {
  readonly name: string;
  readonly key: ChunkKey;
  readonly history: VersionedKey;
}

/**
 * Clients that call everything that a remote tier can, on a few keys, while its store gets in and out of trouble. What
 * is not right is in `wrong`: bytes that nobody may see, an error, a chunk left in the arena.
 */
export class RemoteModel {
  readonly wrong: string[] = [];
  readonly #random: SeededRandom;
  readonly #arena = createArena({ capacityBytes: 16 * 2 ** 20, native: false });
  readonly #freeBytes = this.#arena.usage().freeBytes;
  readonly #space = new ArenaSpaceService(this.#arena);
  readonly #clock = new ManualClock();
  readonly #logger = new RecordingLogger();
  readonly #store: LateStore;
  readonly #chaos: ChaosLayer;
  readonly #backend: RemoteBackend;
  readonly #keys: readonly ModelledKey[] = NAMES.map((name) => ({
    name,
    key: ChunkKey.of(name),
    history: new VersionedKey(),
  }));
  #version = 0;

  constructor(private readonly seed: number) {
    const random = new SeededRandom(seed);
    const parts = { arena: this.#arena, space: this.#space, clock: this.#clock, logger: this.#logger };
    this.#random = random;
    this.#store = new LateStore(new SeededRandom(seed + 1_000_000), this.#clock);
    this.#chaos = new ChaosLayer({ store: LABEL, seed, faults: {}, maxDelayMs: 8 });
    const plain = adaptPlainConnector(this.#store, { ...parts, label: LABEL });
    const connector = layeredConnector(plain, [this.#chaos]);
    const varied = { batch: random.below(2) === 0, remove: random.below(4) > 0 };
    Object.defineProperty(connector, 'capabilities', { value: { ...plain.capabilities, ...varied } });
    const options = Object.assign(new RemoteOptions(), SHORT_TIMES, {
      retries: random.below(3),
      breaker_failures: random.pick([2, 5, 1_000]),
      concurrency: random.pick([1, 3, 16]),
      queue: random.pick([20_000, 64 * 2 ** 20]),
      queue_wait_ms: random.pick([0, 5]),
      serde: random.pick(['naive', 'zstd']),
    });
    this.#backend = new RemoteBackend({ ...parts, name: 'far', label: LABEL, connector, options });
  }

  async run(): Promise<void> {
    await this.#backend.open();
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
    this.#chaos.faults = {};
    this.#store.late = 0;
    await expectEventually(() => this.#backend.usage().healthy);
    for (const at of this.#keys) {
      await this.#read(at);
      await this.#put(at);
      if ((await this.#read(at)) !== 'whole') this.#complain('does not keep what was put in the end', at);
    }
    await this.#backend.close();
    const { references, freeBytes } = this.#arena.usage();
    this.#arena.close();
    if (references !== 0 || freeBytes !== this.#freeBytes) this.#complain(`leaves ${references} references`);
    const changes = this.#logger.lines.filter(({ message }) => / (?:out of|in) order/.test(message));
    if (changes.some(({ level }, i) => level === changes[i - 1]?.level)) this.#complain('repeats itself');
  }

  async #client(): Promise<void> {
    for (let i = 0; i < STEPS; i++) {
      const at = this.#random.pick(this.#keys);
      try {
        await this.#step(at, this.#random.below(100));
      } catch (error) {
        this.#complain(`throws ${String(error)}`, at);
      }
    }
  }

  async #step(at: ModelledKey, dice: number): Promise<unknown> {
    const keys = this.#keys.map(({ key }) => key);
    if (dice < 35) return this.#put(at);
    if (dice < 45) return this.#remove([at], () => this.#backend.remove(at.key));
    if (dice < 48) return this.#remove(this.#keys, () => this.#backend.removeMany(keys));
    if (dice < 50) return this.#backend.clear();
    if (dice < 55) return this.#backend.expire(at.key, this.#clock.nowMs() + HOUR_MS);
    if (dice < 57) return this.#backend.expiresAtMs(at.key);
    if (dice < 60) return this.#backend.contains(at.key);
    if (dice < 62) return this.#backend.containsPrefix(keys);
    if (dice < 64) return this.#backend.scan(0, 10);
    if (dice < 67) this.#changeTrouble();
    else if (dice < 72) return this.#readMany(keys);
    return this.#read(at);
  }

  #changeTrouble(): void {
    const { late = 0, ...faults } = this.#random.pick(TROUBLES);
    this.#chaos.faults = faults;
    this.#store.late = late;
  }

  async #put({ key, history }: ModelledKey): Promise<void> {
    const version = ++this.#version;
    const bytes = versionBytes(version, 4 * (1 + this.#random.below(5_000)));
    using chunk = sealedChunk(this.#arena, this.#space, { key, bytes });
    const answered = history.begin(version);
    await this.#backend.putMany([chunk]);
    answered();
  }

  async #remove(keys: readonly ModelledKey[], remove: () => unknown): Promise<void> {
    const answers = keys.map(({ history }) => history.begin(0));
    await remove();
    for (const answered of answers) answered();
  }

  async #read(at: ModelledKey): Promise<string> {
    const judge = at.history.beginRead();
    return this.#judge(at, judge, await this.#backend.get(at.key));
  }

  async #readMany(keys: readonly ChunkKey[]): Promise<void> {
    const judges = this.#keys.map(({ history }) => history.beginRead());
    const outcomes = await this.#backend.getMany(keys);
    for (const [i, at] of this.#keys.entries()) this.#judge(at, judges[i]!, outcomes[i]!);
  }

  #judge(
    at: ModelledKey,
    judge: (bytes: Buffer | undefined) => string | undefined,
    outcome: ArenaHandle | string,
  ): string {
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    const problem = handle.key.equals(at.key) ? judge(Buffer.concat(handle.views)) : 'another key';
    if (problem !== undefined) this.#complain(problem, at);
    return 'whole';
  }

  #complain(problem: string, at?: ModelledKey): void {
    this.wrong.push(`seed ${this.seed}: ${at?.name ?? 'the tier'}: ${problem}`);
  }
}
