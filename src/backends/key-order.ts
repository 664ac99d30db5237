import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';

/** What runs on one key. None of these promises rejects. */
interface KeyCalls {
  write: Promise<void> | undefined;
  /** Those that were called after `write`. */
  readonly reads: Set<Promise<void>>;
}

/**
 * Calls on one key take effect in the order in which they were made: a write waits for all before it, reads wait for
 * the write before them and run side by side. Calls on different keys know nothing of each other.
 */
export class KeyOrder {
  readonly #keys = new Map<string, KeyCalls>();

  /** @param run must not throw, but reject. */
  read<T>(keys: readonly ChunkKey[], run: () => Promise<T>): Promise<T> {
    return this.#enter(keys, run, (calls, settled) => calls.reads.add(settled));
  }

  /** @param run must not throw, but reject. */
  write<T>(keys: readonly ChunkKey[], run: () => Promise<T>): Promise<T> {
    const before = keys.flatMap(({ id }) => [...(this.#keys.get(id)?.reads ?? [])]);
    const begin = before.length === 0 ? run : () => Promise.all(before).then(run);
    return this.#enter(keys, begin, (calls, settled) => {
      calls.write = settled;
      calls.reads.clear();
    });
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#keys.size > 0) {
      const calls = Array.from(this.#keys.values());
      await Promise.all(
        calls.flatMap(({ write, reads }) => [...reads, ...(write === undefined ? [] : [write])]),
      );
    }
  }

  #enter<T>(
    keys: readonly ChunkKey[],
    run: () => Promise<T>,
    join: (calls: KeyCalls, settled: Promise<void>) => void,
  ): Promise<T> {
    const before = keys.map(({ id }) => this.#keys.get(id)?.write).filter((write) => write !== undefined);
    const result = before.length === 0 ? run() : Promise.all(before).then(run);
    const settled = result.then(ignore, ignore);
    for (const { id } of keys) {
      const calls = this.#keys.get(id) ?? { write: undefined, reads: new Set() };
      this.#keys.set(id, calls);
      join(calls, settled);
    }
    void settled.then(() => this.#leave(keys, settled));
    return result;
  }

  #leave(keys: readonly ChunkKey[], settled: Promise<void>): void {
    for (const { id } of keys) {
      const calls = this.#keys.get(id);
      if (calls === undefined) continue;
      calls.reads.delete(settled);
      if (calls.write === settled) calls.write = undefined;
      if (calls.write === undefined && calls.reads.size === 0) this.#keys.delete(id);
    }
  }
}

function ignore(): void {
  // The result has its own receiver; here only that it ended counts.
}
