import { isKvError } from '../../../src/common/errors/kv-error.js';
import { type CallOptions } from '../../../src/connectors/remote-connector.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes } from '../../contracts/chunks/chunk-bytes.js';
import { SeededRandom } from '../seeded-random.js';
import { InfinistoreWorld } from './infinistore-world.js';

const CONNECTORS = 3;
const CLIENTS = 4;
const KEYS = 16;
const LENGTHS = [1, 900, 5_000, 70_000, 300_000, 1_500_000, 4_000_000];

export type LoadCounts = Record<'stored' | 'busy' | 'hits' | 'misses' | 'takenBack' | 'others', number>;

interface LoadKey {
  readonly key: ChunkKey;
  readonly index: number;
  readonly lengthBytes: number;
  /** Of the last put that began, of whatever connector. */
  version: number;
}

/**
 * Several connectors, as several servers would have them, that put, read, look up and remove the same keys at random.
 * Many calls are taken back at a random time, puts that go on are cut off soon. Every byte that comes back is looked at.
 */
export class InfinistoreLoad {
  /** What was read, answered or thrown and must not be. */
  readonly wrong: string[] = [];
  readonly counts: LoadCounts = { stored: 0, busy: 0, hits: 0, misses: 0, takenBack: 0, others: 0 };
  readonly #keys: readonly LoadKey[];
  #isStopping = false;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly worlds: readonly InfinistoreWorld[],
    private readonly random: SeededRandom,
  ) {
    this.#keys = Array.from({ length: KEYS }, (_, index) => ({
      key: ChunkKey.of(`load@1@0@${index.toString(16)}@half`),
      index,
      lengthBytes: 4 + LENGTHS[index % LENGTHS.length]! + random.below(64),
      version: 0,
    }));
  }

  static async start(port: number, seed: number): Promise<InfinistoreLoad> {
    const worlds: InfinistoreWorld[] = [];
    for (let i = 0; i < CONNECTORS; i++) {
      const patience = [1, 20, 5_000][i % 3]!;
      worlds.push(
        await InfinistoreWorld.connect(port, {
          layout: 'sealed',
          connections: 1 + i,
          putPatienceMs: patience,
        }),
      );
    }
    const load = new InfinistoreLoad(worlds, new SeededRandom(seed));
    load.#running = Promise.all(
      worlds.flatMap((world) => Array.from({ length: CLIENTS }, () => load.#run(world))),
    );
    return load;
  }

  /** Ends the load, and closes the connectors in the midst of what goes on. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
    for (const world of this.worlds) {
      const references = await world.close();
      if (references > 0) this.wrong.push(`${references} references were left`);
    }
  }

  async #run(world: InfinistoreWorld): Promise<void> {
    while (!this.#isStopping) {
      const abort = new AbortController();
      const options = this.random.chance(0.5) ? { signal: abort.signal } : {};
      const call = this.#call(world, options).catch((error: unknown) => this.#failed(error));
      if (options.signal !== undefined) await this.#giveUp(abort, call);
      await call;
    }
  }

  async #giveUp(abort: AbortController, call: Promise<void>): Promise<void> {
    const delayMs = this.random.below(25) - 5;
    if (delayMs > 0) await Promise.race([call, new Promise((resolve) => setTimeout(resolve, delayMs))]);
    else for (let turn = this.random.below(6); turn > 0; turn--) await new Promise((go) => setImmediate(go));
    abort.abort();
  }

  #failed(error: unknown): void {
    if (isKvError(error, 'KV_REMOTE_ABORTED')) this.counts.takenBack++;
    else this.wrong.push(String(error));
  }

  async #call(world: InfinistoreWorld, options: CallOptions): Promise<void> {
    const { random } = this;
    const key = random.pick(this.#keys);
    const kind = random.below(20);
    if (kind < 7) await this.#put(world, key, options);
    else if (kind < 15) await this.#get(world, key, options);
    else {
      const some = Array.from({ length: 1 + random.below(8) }, () => random.pick(this.#keys).key);
      if (kind < 17) await world.connector.exists(key.key, options);
      else if (kind < 18) await world.connector.existsMany(some, { ...options, upToGap: true });
      else if (kind < 19) await world.connector.remove(key.key, options);
      else await world.connector.ping(options);
      this.counts.others++;
    }
  }

  async #put(world: InfinistoreWorld, key: LoadKey, options: CallOptions): Promise<void> {
    let chunk;
    try {
      chunk = world.chunk({ key: key.key, bytes: bytesOf(key, ++key.version) });
    } catch {
      // The arena is full of what is being read.
      return;
    }
    try {
      const outcome = await world.connector.put(chunk, options);
      if (outcome === 'rejected') this.wrong.push('a put was rejected');
      else this.counts[outcome]++;
    } finally {
      chunk[Symbol.dispose]();
    }
  }

  async #get(world: InfinistoreWorld, key: LoadKey, options: CallOptions): Promise<void> {
    const outcome = await world.connector.get(key.key, options);
    if (typeof outcome === 'string') {
      if (outcome === 'corrupt') this.wrong.push(`key ${key.index} was corrupt`);
      this.counts[outcome === 'miss' ? 'misses' : 'busy']++;
      return;
    }
    using handle = outcome;
    const bytes = Buffer.concat(handle.views);
    const version = bytes.readUInt32LE(0);
    const isWhole = version > 0 && version <= key.version && bytes.equals(bytesOf(key, version));
    if (!isWhole) this.wrong.push(`key ${key.index}: ${bytes.length} bytes that nobody put`);
    this.counts.hits++;
  }
}

function bytesOf({ index, lengthBytes }: LoadKey, version: number): Buffer {
  const bytes = chunkBytes(lengthBytes, index * 7 + (version % 50));
  bytes.writeUInt32LE(version);
  return bytes;
}
