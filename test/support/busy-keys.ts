import { expect } from '@jest/globals';
import { lastValueFrom, type Observable } from 'rxjs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { get, put, type TestEngine } from './engine.js';
import { expectEventually } from './eventually.js';

/** What one caller writes, reads and removes under a few keys, while work goes on there that nobody waits for. */
export class BusyKeys {
  readonly keys = ['a', 'b', 'c'].map((name) => ChunkKey.of(name));
  readonly #background: Promise<unknown>[] = [];
  /** What each key has; undefined: nothing. */
  readonly #written = new Map<string, number | undefined>();
  #version = 0;

  constructor(
    readonly test: TestEngine,
    private readonly lengthBytes: number,
  ) {}

  begin(work$: Observable<unknown>): void {
    this.#background.push(lastValueFrom(work$));
  }

  async write(key: ChunkKey, options?: Parameters<typeof put>[3]): Promise<void> {
    const version = ++this.#version;
    expect(await put(this.test, key, Buffer.alloc(this.lengthBytes, version), options)).toBe('stored');
    this.#written.set(key.id, version);
  }

  async remove(key: ChunkKey): Promise<void> {
    await this.test.engine.delete([key]);
    this.#written.set(key.id, undefined);
  }

  /** A reader gets what was written last, all of it. */
  async check(key: ChunkKey): Promise<void> {
    const version = this.#written.get(key.id);
    const found = await get(this.test, key);
    expect(found?.[0]).toBe(version);
    if (version !== undefined) expect(found?.equals(Buffer.alloc(this.lengthBytes, version))).toBe(true);
  }

  /** The work ends, nothing was lost or came back, and nobody holds a chunk. */
  async expectSettled(): Promise<void> {
    await Promise.all(this.#background);
    await this.test.engine.settled();
    for (const key of this.keys) await this.check(key);
    await expectEventually(() => this.test.arena.usage().references === 0);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#background);
    await this.test.close();
  }
}
