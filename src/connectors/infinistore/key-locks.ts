import { remoteAborted } from '../connector-errors.js';

type Mode = 'shared' | 'exclusive';

interface Waiter {
  readonly mode: Mode;
  enter(): void;
}

interface Lock {
  /** How many have it shared; -1 when one has it alone. */
  holders: number;
  readonly waiting: Waiter[];
}

/**
 * Who reads a key while it is written kills InfiniStore's server: reads of one key run together, a write alone, each in
 * the order in which they came.
 */
export class KeyLocks {
  readonly #locks = new Map<string, Lock>();

  /** @param label what errors call the store. */
  constructor(private readonly label: string) {}

  /** Whether somebody writes it, or is about to. */
  isWritten(key: string): boolean {
    const lock = this.#locks.get(key);
    return lock !== undefined && (lock.holders < 0 || lock.waiting.length > 0);
  }

  /** @throws KV_REMOTE_ABORTED when `signal` aborts before it is its turn; what `body` throws. */
  async run<T>(key: string, mode: Mode, signal: AbortSignal | undefined, body: () => Promise<T>): Promise<T> {
    const lock = this.#lockOf(key);
    if (lock.waiting.length > 0 || !tryEnter(lock, mode)) await this.#wait(lock, mode, signal);
    try {
      return await body();
    } finally {
      lock.holders -= mode === 'exclusive' ? -1 : 1;
      this.#next(lock);
      if (lock.holders === 0) this.#locks.delete(key);
    }
  }

  #lockOf(key: string): Lock {
    const known = this.#locks.get(key);
    if (known !== undefined) return known;
    const lock: Lock = { holders: 0, waiting: [] };
    this.#locks.set(key, lock);
    return lock;
  }

  #wait(lock: Lock, mode: Mode, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        lock.waiting.splice(lock.waiting.indexOf(waiter), 1);
        reject(remoteAborted(this.label));
        // Those behind a writer that gave up may share with whoever is inside.
        this.#next(lock);
      };
      const waiter: Waiter = {
        mode,
        enter: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      lock.waiting.push(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
    });
  }

  #next(lock: Lock): void {
    for (
      let next = lock.waiting[0];
      next !== undefined && tryEnter(lock, next.mode);
      next = lock.waiting[0]
    ) {
      lock.waiting.shift();
      next.enter();
    }
  }
}

function tryEnter(lock: Lock, mode: Mode): boolean {
  if (mode === 'shared' ? lock.holders < 0 : lock.holders !== 0) return false;
  lock.holders += mode === 'exclusive' ? -1 : 1;
  return true;
}
