import { afterEach, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { isKvError } from '../../src/common/errors/kv-error.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { type MooncakeCluster } from '../support/mooncake/mooncake-cluster.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { MooncakeTrial } from '../support/mooncake/mooncake-trial.js';
import { MooncakeWorld, type MooncakeWorldOptions } from '../support/mooncake/mooncake-world.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

const LOAD_MS = process.env['KVNEST_SOAK'] === undefined ? 4_000 : 600_000;
const KEYS = 60;
const VERSIONS = 4;
const WORKERS = 6;
const TIMES: MooncakeWorldOptions = { silenceMs: 400, masterSilenceMs: 400, banMs: 300 };

/** Of each key and version other bytes, of another length. */
const bytesOf = (key: number, version: number): Buffer =>
  chunkBytes(20_000 + 7_001 * (key % 40) + version, 1_000 * version + key);

/** One client: what it reads must be whole, and one of the things that were ever put there. */
class RandomClient {
  readonly counts = new Map<string, number>();
  wrong = 0;

  /** @param isRewriting keys get other bytes, and are removed: only sealed chunks find foreign bytes then. */
  constructor(
    private readonly world: MooncakeWorld,
    private readonly random: SeededRandom,
    private readonly isRewriting: boolean,
  ) {}

  async work(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      const signal = this.random.below(8) === 0 ? AbortSignal.timeout(this.random.below(30)) : undefined;
      await this.#step(signal).catch((error: unknown) => {
        if (!isKvError(error) || !error.code.startsWith('KV_REMOTE_')) throw error;
        this.#count(error.code);
      });
    }
  }

  #keyOf(key: number): ChunkKey {
    return this.isRewriting
      ? ChunkKey.of(`any-${key}`)
      : ChunkKey.of(`m@1@0@${(0xabc0 + key).toString(16)}@half`);
  }

  async #step(signal: AbortSignal | undefined): Promise<void> {
    const key = this.random.below(KEYS);
    const at = this.#keyOf(key);
    const dice = this.random.below(10);
    if (dice < 3) {
      const version = this.isRewriting ? this.random.below(VERSIONS) : 0;
      this.#count(await this.world.store(at, bytesOf(key, version), signal));
    } else if (dice === 3 && this.isRewriting) await this.world.connector.remove(at, signal && { signal });
    else if (dice === 4) await this.world.connector.exists(at, signal && { signal });
    else this.#judge(key, await this.world.fetch(at, signal));
  }

  #judge(key: number, read: Buffer | string): void {
    if (typeof read === 'string') {
      this.#count(read);
      return;
    }
    const versions = this.isRewriting ? VERSIONS : 1;
    const isKnown = Array.from({ length: versions }, (_, i) => bytesOf(key, i)).some((bytes) =>
      bytes.equals(read),
    );
    if (isKnown) this.#count('hit');
    else this.wrong++;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** What became of all calls together. */
function totals(clients: readonly RandomClient[]): string {
  const sums = new Map<string, number>();
  for (const { counts, wrong } of clients)
    for (const [what, count] of [...counts, ['wrong', wrong] as const])
      sums.set(what, (sums.get(what) ?? 0) + count);
  return [...sums].map(([what, count]) => `${what} ${count}`).join(', ');
}

/** Does something to the store every now and then, and leaves it whole. */
async function hurt(cluster: MooncakeCluster, random: SeededRandom, untilMs: number): Promise<void> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100 + random.below(500)));
  while (performance.now() < untilMs) {
    await pause();
    const owner = random.pick(cluster.owners);
    const process = random.below(4) === 0 ? cluster.master : owner;
    const dice = random.below(10);
    if (dice < 7) {
      await process.suspend();
      await pause();
      process.resume();
    } else if (dice < 9) {
      await owner.kill();
      cluster.owners.splice(cluster.owners.indexOf(owner), 1);
      await cluster.addOwner('32MB');
    } else await cluster.restartMaster();
  }
}

describeWithPeer(missingMooncake())('Random load on a Mooncake Store that is hurt', () => {
  const trial = new MooncakeTrial();

  afterEach(async () => {
    expect(await trial.end()).toBe(0);
  });

  it(
    'never reads what was not put, in any layout, and leaves nothing behind',
    async () => {
      const store = { segments: ['32MB', '32MB'], leaseMs: 400 };
      const { cluster, world } = await trial.begin(store, { ...TIMES, layout: 'lmcache' });
      const sealed = await MooncakeWorld.connect(cluster.port, { ...TIMES, layout: 'sealed' });
      try {
        const random = new SeededRandom(11);
        const untilMs = performance.now() + LOAD_MS;
        const clients = Array.from({ length: WORKERS }, (_, i) => {
          const isRewriting = i % 2 === 1;
          return new RandomClient(isRewriting ? sealed : world, new SeededRandom(100 + i), isRewriting);
        });
        await Promise.all([...clients.map((client) => client.work(untilMs)), hurt(cluster, random, untilMs)]);
        if (process.env['KVNEST_SOAK'] !== undefined) process.stdout.write(`${totals(clients)}\n`);
        for (const { counts, wrong } of clients) {
          expect(wrong).toBe(0);
          expect(counts.get('hit') ?? 0).toBeGreaterThan(0);
          expect(counts.get('stored') ?? 0).toBeGreaterThan(0);
        }
        // What is left of the puts that were taken back ends by itself.
        for (const { arena } of [world, sealed]) await expectEventually(() => arena.usage().references === 0);
        await expectEventually(
          async () => (await world.store(ChunkKey.of('last'), chunkBytes(10)).catch(() => '')) === 'stored',
        );
      } finally {
        expect(await sealed.close()).toBe(0);
      }
    },
    LOAD_MS + 60_000,
  );
});
