import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** Where a reader looks for a chunk, each the number of a tier. */
export interface LoadReach {
  /** The first that the chunk is put into. */
  readonly upTo: number;
  /** The one that the load asks. */
  readonly at: number;
  /** The first that the reader asked: it does not know whether those in front of it have the chunk. */
  readonly first: number;
}

interface Load {
  readonly key: ChunkKey;
  readonly at: number;
  readonly first: number;
  readonly waiters: ((outcome: ReadOutcome) => void)[];
  /** The least that a reader asked for. */
  upTo: number;
  /** Set when the chunk was changed meanwhile: the bytes may go to the readers, but into no tier. */
  stale: boolean;
}

const EVERYWHERE: LoadReach = { upTo: 0, at: 0, first: 0 };

/** Concurrent loads of one key are one load: all readers get a reference of their own to the same bytes. */
export class ChunkLoads {
  readonly #loads = new Map<string, Load>();
  /** Which keys the changes concern that tiers are still making. */
  readonly #changes = new Set<(key: ChunkKey) => boolean>();
  #running = 0;
  readonly #idle: (() => void)[] = [];

  /** @param onEnded called when a load has ended and its readers have been told. */
  constructor(private readonly onEnded?: () => void) {}

  get size(): number {
    return this.#loads.size;
  }

  /**
   * Joins the load of this key, or starts it.
   *
   * @param load reads the chunk from a tier. What it cannot bring because it fails is answered as `corrupt`.
   * @param loaded called once, when the bytes are in and the key has not changed since, before any reader gets them; with
   * the smallest `upTo` of all readers.
   * @param reach of this reader. One whose tier is not among those that were asked for a running load takes from that the chunk,
   * but not that there is none.
   */
  read(
    key: ChunkKey,
    load: () => Promise<ReadOutcome>,
    loaded: (handle: ArenaHandle, upTo: number) => void,
    reach: LoadReach = EVERYWHERE,
  ): Promise<ReadOutcome> {
    const { upTo, at, first } = reach;
    const running = this.#loads.get(key.id);
    if (running !== undefined && !running.stale) {
      running.upTo = Math.min(running.upTo, upTo);
      const joined = new Promise<ReadOutcome>((resolve) => running.waiters.push(resolve));
      if (running.first <= at && at <= running.at) return joined;
      return joined.then((outcome) =>
        typeof outcome === 'string' ? this.read(key, load, loaded, reach) : outcome,
      );
    }
    const fresh: Load = { key, at, first, waiters: [], upTo, stale: this.#isChanging(key) };
    this.#loads.set(key.id, fresh);
    const answer = new Promise<ReadOutcome>((resolve) => fresh.waiters.push(resolve));
    this.#running++;
    load().then(
      (outcome) => this.#finish(fresh, outcome, loaded),
      () => this.#finish(fresh, 'corrupt', loaded),
    );
    return answer;
  }

  /** Resolves when nothing is being loaded any more. */
  settled(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The key was written: running loads of it are not to be promoted, and new readers start over. */
  invalidate(key: ChunkKey): void {
    if (this.#loads.size === 0) return;
    const load = this.#loads.get(key.id);
    if (load !== undefined) load.stale = true;
  }

  /**
   * Changes chunks in the tiers. Loads of them that are running, or start before every tier has made the change, may
   * have read what was there before: they are not to be promoted.
   */
  during<T>(change: () => Awaitable<T>, concerns: (key: ChunkKey) => boolean): Awaitable<T> {
    for (const load of this.#loads.values()) if (concerns(load.key)) load.stale = true;
    const done = change();
    if (!(done instanceof Promise)) return done;
    this.#changes.add(concerns);
    return done.finally(() => this.#changes.delete(concerns));
  }

  #isChanging(key: ChunkKey): boolean {
    for (const concerns of this.#changes) if (concerns(key)) return true;
    return false;
  }

  #finish(load: Load, outcome: ReadOutcome, loaded: (handle: ArenaHandle, upTo: number) => void): void {
    if (this.#loads.get(load.key.id) === load) this.#loads.delete(load.key.id);
    if (typeof outcome === 'string') {
      for (const resolve of load.waiters) resolve(outcome);
    } else {
      if (!load.stale) loaded(outcome, load.upTo);
      for (const resolve of load.waiters) resolve(outcome.retain());
      outcome[Symbol.dispose]();
    }
    this.onEnded?.();
    if (--this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
