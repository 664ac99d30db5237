import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { connectorStack } from '../../src/backends/remote/connector-stack.js';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from './eventually.js';
import { RemoteWorld } from './remote-world.js';
import { SeededRandom } from './seeded-random.js';

const CLIENTS = 4;
const KEYS_PER_CLIENT = 12;
const LENGTHS = [900, 5_000, 70_000, 300_000];

/** So that the time without service is that of the store, and not much more. */
const QUICK_TO_TRY_AGAIN = { breaker_reset_ms: 100, ping_interval_ms: 1_000 };

/** A failover takes seconds, and begins again when a busy machine lets one of its deadlines pass. */
const FAILOVER_MS = 30_000;

/** What every chunk of one key has in common; versions differ in their bytes. */
interface LoadKey {
  readonly key: ChunkKey;
  readonly index: number;
  readonly lengthBytes: number;
  /** Of the last put that began. */
  version: number;
  /** One of its puts was answered `stored`. */
  isStored: boolean;
}

export interface LoadSummary {
  /** Keys that were stored and are there in the end, and those that are not. */
  readonly kept: number;
  readonly lost: number;
  readonly counts: Readonly<Record<'stored' | 'hits' | 'misses' | 'failures', number>>;
  /** The longest time without a `stored`. */
  readonly longestOutageMs: number;
}

/**
 * Runs `body` while clients put and get in the stores of these URLs. @throws when they were ever given what nobody put.
 */
export async function underLoad(
  urls: readonly string[],
  seed: number,
  body: (loads: readonly RemoteLoad[]) => Promise<void>,
): Promise<readonly LoadSummary[]> {
  const loads = await Promise.all(urls.map((url, i) => RemoteLoad.start(url, seed + i)));
  const ends: LoadSummary[] = [];
  try {
    await body(loads);
    for (const load of loads) ends.push(await load.summary());
  } finally {
    await Promise.all(loads.map((load) => load.close()));
  }
  const wrong = loads.flatMap((load) => load.wrong);
  if (wrong.length > 0) throw new Error(`under load of seed ${seed}:\n${wrong.slice(0, 20).join('\n')}`);
  return ends;
}

/**
 * Clients that put and get chunks without a pause, through the layers that a remote tier has, and look at every byte
 * that they are given. Each key has one writer; everybody reads.
 */
export class RemoteLoad {
  /** What was read and must not be. */
  readonly wrong: string[] = [];
  readonly #counts = { stored: 0, hits: 0, misses: 0, failures: 0 };
  #longestOutageMs = 0;
  #lastStoredMs = performance.now();
  readonly #random: SeededRandom;
  readonly #keys: readonly LoadKey[];
  readonly #connector: RemoteConnector;
  #running: Promise<unknown> | undefined;
  #isStopping = false;

  private constructor(
    private readonly world: RemoteWorld,
    seed: number,
  ) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#keys = Array.from({ length: CLIENTS * KEYS_PER_CLIENT }, (_, index) => ({
      key: ChunkKey.of(`load-${seed}@1@0@${index.toString(16)}@half`),
      index,
      lengthBytes: random.pick(LENGTHS) + random.below(64),
      version: 0,
      isStored: false,
    }));
    this.#connector = connectorStack(world.connector, {
      name: 'far',
      label: 'the store under load',
      options: Object.assign(new RemoteOptions(), QUICK_TO_TRY_AGAIN),
      onStateChange: () => undefined,
    });
  }

  /** @param url of the store. */
  static async start(url: string, seed: number): Promise<RemoteLoad> {
    const world = await RemoteWorld.open(url);
    const load = new RemoteLoad(world, seed);
    load.#running = Promise.all(Array.from({ length: CLIENTS }, (_, client) => load.#run(client)));
    return load;
  }

  /** Names of the keys, for whoever moves them about. */
  get keys(): readonly ChunkKey[] {
    return this.#keys.map(({ key }) => key);
  }

  /** Waits until so many puts more were stored and so many gets more were hits. */
  async untilServed(count: number): Promise<void> {
    const { stored, hits } = this.#counts;
    const isServed = (): boolean =>
      this.#counts.stored >= stored + count && this.#counts.hits >= hits + count;
    await expectEventually(isServed, FAILOVER_MS);
  }

  /** Ends the load and reads every key once more. */
  async summary(): Promise<LoadSummary> {
    await this.#stop();
    const outcomes: boolean[] = [];
    for (const key of this.#keys) if (key.isStored) outcomes.push(await this.#get(key));
    const kept = outcomes.filter((hit) => hit).length;
    const [counts, longestOutageMs] = [this.#counts, this.#longestOutageMs];
    return { kept, lost: outcomes.length - kept, counts, longestOutageMs };
  }

  async close(): Promise<void> {
    await this.#stop();
    await this.#connector.close();
    const references = await this.world.close();
    if (references > 0) this.wrong.push(`${references} references were left`);
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #run(client: number): Promise<void> {
    const own = this.#keys.filter(({ index }) => index % CLIENTS === client);
    while (!this.#isStopping) {
      const isPut = this.#random.chance(0.4);
      const key = this.#random.pick(isPut ? own : this.#keys);
      try {
        if (isPut) await this.#put(key);
        else await this.#get(key);
      } catch {
        this.#counts.failures++;
        // As whoever finds a tier out of order: he goes on with something else.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  async #put(key: LoadKey): Promise<void> {
    const bytes = bytesOf(key, ++key.version);
    using chunk = this.world.chunk({ key: key.key, bytes });
    const outcome = await this.#connector.put(chunk);
    if (outcome !== 'stored') {
      this.wrong.push(`a put was ${outcome}`);
      return;
    }
    key.isStored = true;
    this.#counts.stored++;
    const now = performance.now();
    this.#longestOutageMs = Math.max(this.#longestOutageMs, now - this.#lastStoredMs);
    this.#lastStoredMs = now;
  }

  /** @returns whether it was a hit. */
  async #get(key: LoadKey): Promise<boolean> {
    const outcome = await this.#connector.get(key.key);
    if (typeof outcome === 'string') {
      if (outcome === 'miss') this.#counts.misses++;
      else this.wrong.push(`a get was ${outcome}`);
      return false;
    }
    using handle = outcome;
    const bytes = Buffer.concat(handle.views);
    const version = bytes.readUInt32LE(0);
    // Servers that replicate late may bring an older version back; never one that was not put.
    const isWhole = version > 0 && version <= key.version && bytes.equals(bytesOf(key, version));
    if (!isWhole) this.wrong.push(`key ${key.index}: ${bytes.length} bytes that nobody put`);
    this.#counts.hits++;
    return isWhole;
  }
}

function bytesOf({ index, lengthBytes }: LoadKey, version: number): Buffer {
  const bytes = chunkBytes(lengthBytes, index * 100_000 + version);
  bytes.writeUInt32LE(version);
  return bytes;
}
