import { isKvError } from '../common/errors/kv-error.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { remoteAborted } from './connector-errors.js';

/**
 * Writes whose callers gave up and which the store may still carry out. Who writes the same key next waits until it
 * cannot any more: else the older chunk would replace the newer one.
 */
export class LateWrites {
  readonly #late = new Map<string, Promise<unknown>>();

  /** @param label what errors call the store. */
  constructor(private readonly label: string) {}

  /**
   * Resolves when nothing that was written before under these keys can take effect any more.
   *
   * @throws KV_REMOTE_ABORTED
   */
  async settled(keys: readonly ChunkKey[], signal?: AbortSignal): Promise<void> {
    if (this.#late.size === 0) return;
    const late = keys.map(({ id }) => this.#late.get(id)).filter((write) => write !== undefined);
    if (late.length === 0) return;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(remoteAborted(this.label));
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    try {
      await Promise.race([Promise.all(late), aborted]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * @param ended settles when a write that was taken back can take effect no more, by whatever end.
   * @returns what `write` does.
   */
  watch<T>(key: ChunkKey, write: Promise<T>, ended: Promise<unknown>): Promise<T> {
    return this.watchAll([key], write, ended);
  }

  /** As `watch`, for a write of several keys. */
  async watchAll<T>(keys: readonly ChunkKey[], write: Promise<T>, ended: Promise<unknown>): Promise<T> {
    try {
      return await write;
    } catch (error) {
      if (isKvError(error, 'KV_REMOTE_ABORTED')) for (const { id } of keys) this.#add(id, ended);
      throw error;
    }
  }

  #add(id: string, ended: Promise<unknown>): void {
    const late = Promise.allSettled([this.#late.get(id), ended]).then(() => {
      if (this.#late.get(id) === late) this.#late.delete(id);
    });
    this.#late.set(id, late);
  }
}
