import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chunkBytes, sealedChunk } from '../../test/contracts/chunks/chunk-bytes.js';
import { RemoteWorld } from '../../test/support/remote-world.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { adaptPlainConnector } from './plain-connector.adapter.js';
import { type PlainConnector } from './plain-connector.interface.js';

const KEY = ChunkKey.of('a');

/** Keeps values, and looks at no signal; the first call of `put` or `remove` takes until it is told to go on. */
class HeedlessStore implements PlainConnector {
  readonly values = new Map<string, Buffer>();
  #first = Promise.withResolvers<undefined>();
  #isFirst = true;

  goOn(): void {
    this.#first.resolve(undefined);
  }

  exists(name: string): Promise<boolean> {
    return Promise.resolve(this.values.has(name));
  }

  get(name: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.values.get(name));
  }

  async put(name: string, value: Uint8Array): Promise<void> {
    const copy = Buffer.from(value);
    await this.#turn();
    this.values.set(name, copy);
  }

  async remove(name: string): Promise<boolean> {
    await this.#turn();
    return this.values.delete(name);
  }

  async #turn(): Promise<void> {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    await this.#first.promise;
  }
}

describe('a plain connector that looks at no signal', () => {
  let world: RemoteWorld;
  let store: HeedlessStore;

  beforeEach(async () => {
    world = new RemoteWorld();
    store = new HeedlessStore();
    world.connector = adaptPlainConnector(store, {
      arena: world.arena,
      space: world.space,
      label: 'heedless://test',
    });
    await world.connector.connect();
  });
  afterEach(async () => {
    store.goOn();
    expect(await world.close()).toBe(0);
  });

  async function takeBack(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const caller = new AbortController();
    const answer = call(caller.signal);
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
  }

  async function put(seed: number): Promise<string> {
    return world.put({ key: KEY, bytes: chunkBytes(1_000, seed) });
  }

  it.each(['put', 'remove'] as const)(
    'holds nobody who takes a %s back, and overtakes nothing',
    async (call) => {
      {
        using chunk = sealedChunk(world.arena, world.space, { key: KEY, bytes: chunkBytes(1_000, 1) });
        await takeBack((signal) =>
          call === 'put' ? world.connector.put(chunk, { signal }) : world.connector.remove(KEY, { signal }),
        );
      }
      const next = put(2);
      await takeBack((signal) => world.connector.remove(KEY, { signal }));
      expect(await world.read(KEY)).toBe('miss');
      store.goOn();
      expect(await next).toBe('stored');
      expect(await world.read(KEY)).toMatchObject({ bytes: chunkBytes(1_000, 2) });
      expect(await world.connector.remove(KEY)).toBe(true);
    },
  );
});
