import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { type ArenaSpace } from '../../src/arena/arena-space.interface.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
  type StorageBackend,
} from '../../src/backends/storage-backend.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';

interface Copy {
  readonly key: ChunkKey;
  readonly bytes: Buffer;
  readonly checksum: number;
  readonly metadata: Buffer;
  expiresAtMs: number;
}

/**
 * A slow, asynchronous tier whose faults a test directs: it holds puts and gets until told to go on, fails or throws
 * on demand. A fake, because a real medium cannot be stopped between two steps.
 */
export class ScriptedBackend implements StorageBackend {
  readonly type = 'scripted';
  readonly capabilities: BackendCapabilities;
  readonly copies = new Map<string, Copy>();
  readonly calls: string[] = [];
  putOutcome: PutOutcome = 'stored';
  throws = false;
  #held: (() => void)[] | undefined;
  readonly #left: (() => void)[] = [];
  /** Number of the last put or removal of each key: a removal that comes later wins. */
  readonly #writes = new Map<string, number>();

  constructor(
    readonly name: string,
    private readonly parts: { readonly arena: Arena; readonly space: ArenaSpace },
    { shared = true }: { readonly shared?: boolean } = {},
  ) {
    this.capabilities = {
      persistent: false,
      shared,
      zeroCopy: false,
      scan: true,
      expiry: true,
      metadata: 'any',
      accounted: true,
      maxChunkBytes: Number.MAX_SAFE_INTEGER,
    };
  }

  /** From now on puts and gets wait. */
  hold(): void {
    this.#held ??= [];
  }

  /** Lets all that wait go on, and what comes later too. */
  release(): void {
    this.leave();
    this.#left.splice(0).forEach((go) => go());
  }

  /** What waits does so until `release`, and what comes later does not. */
  leave(): void {
    this.#left.push(...(this.#held ?? []));
    this.#held = undefined;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async contains(key: ChunkKey, options?: ContainsOptions): Promise<boolean> {
    await this.#step('contains', key);
    const copy = this.copies.get(key.id);
    return copy !== undefined && (options?.withMetadata !== true || copy.metadata.length > 0);
  }

  async containsPrefix(keys: readonly ChunkKey[]): Promise<number> {
    await this.#step('containsPrefix');
    const missing = keys.findIndex((key) => !this.copies.has(key.id));
    return missing === -1 ? keys.length : missing;
  }

  isPutPending(): boolean {
    return this.#held !== undefined;
  }

  async putMany(handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
    return Promise.all(handles.map((handle) => this.#put(handle.retain())));
  }

  async get(key: ChunkKey): Promise<ReadOutcome> {
    await this.#step('get', key);
    await this.#wait();
    const copy = this.copies.get(key.id);
    if (copy === undefined) return 'miss';
    const handle = this.parts.space.reserve({ key, lengthBytes: copy.bytes.length });
    if (typeof handle === 'string') return 'busy';
    let from = 0;
    for (const view of handle.views) from += copy.bytes.copy(view, 0, from);
    handle.setMetadata(copy.metadata);
    handle.setAttributes({ expiresAtMs: copy.expiresAtMs });
    handle.seal(copy.checksum);
    return handle;
  }

  async getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async pin(key: ChunkKey): Promise<boolean> {
    await this.#step('pin', key);
    return this.copies.has(key.id);
  }

  async unpin(key: ChunkKey): Promise<boolean> {
    await this.#step('unpin', key);
    return this.copies.has(key.id);
  }

  async remove(key: ChunkKey): Promise<boolean> {
    this.#writeOf(key);
    await this.#step('remove', key);
    return this.copies.delete(key.id);
  }

  async removeMany(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    return Promise.all(keys.map((key) => this.remove(key)));
  }

  async expire(key: ChunkKey, expiresAtMs: number): Promise<boolean> {
    await this.#step('expire', key);
    const copy = this.copies.get(key.id);
    if (copy !== undefined) copy.expiresAtMs = expiresAtMs;
    return copy !== undefined;
  }

  async expiresAtMs(key: ChunkKey): Promise<number | undefined> {
    await this.#step('expiresAtMs', key);
    return this.copies.get(key.id)?.expiresAtMs;
  }

  async clear(): Promise<number> {
    for (const [id, write] of this.#writes) this.#writes.set(id, write + 1);
    await this.#step('clear');
    const { size } = this.copies;
    this.copies.clear();
    return size;
  }

  async scan(): Promise<ScanPage> {
    await this.#step('scan');
    return { keys: Array.from(this.copies.values(), ({ key }) => key), cursor: 0 };
  }

  usage(): BackendUsage {
    return {
      capacityBytes: Number.MAX_SAFE_INTEGER,
      usedBytes: 0,
      chunks: this.copies.size,
      evictions: 0,
      leasedBytes: 0,
      pinnedBytes: 0,
      corruptions: 0,
      healthy: true,
    };
  }

  async #put(handle: ArenaHandle): Promise<PutOutcome> {
    using open = handle;
    const { key, checksum, metadata, attributes } = open;
    const write = this.#writeOf(key);
    await this.#step('put', key);
    await this.#wait();
    if (this.putOutcome !== 'stored') return this.putOutcome;
    if (write === this.#writes.get(key.id)) {
      const bytes = Buffer.concat(open.views);
      const { expiresAtMs } = attributes;
      this.copies.set(key.id, { key, bytes, checksum, metadata: Buffer.from(metadata), expiresAtMs });
    }
    return 'stored';
  }

  #writeOf(key: ChunkKey): number {
    const write = (this.#writes.get(key.id) ?? 0) + 1;
    this.#writes.set(key.id, write);
    return write;
  }

  async #step(call: string, key?: ChunkKey): Promise<void> {
    this.calls.push(key === undefined ? call : `${call} ${key.toString()}`);
    await Promise.resolve();
    if (this.throws) throw new Error('scripted fault');
  }

  #wait(): Promise<void> {
    return this.#held === undefined ? Promise.resolve() : new Promise((resolve) => this.#held?.push(resolve));
  }
}
