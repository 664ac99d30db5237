import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mooncakeConnector } from '../../src/connectors/mooncake/mooncake.module.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { runKvnest, writeConfig } from '../support/kvnest-process.js';
import {
  type FakeMaster,
  FakeMooncakeLibrary,
  missingForLibrary,
} from '../support/mooncake/fake-mooncake-library.js';
import { NativeWorld, type NativeWorldOptions } from '../support/mooncake/native-world.js';
import { describeWithPeer } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';

const MIB = 1024 * 1024;
/** Its bytes are whatever was put last. */
const anyKey = (i = 0): ChunkKey => ChunkKey.of(`any-${i}`);
/** It says what its bytes are, as LMCache's keys do. */
const keyOf = (i = 0): ChunkKey => ChunkKey.of(`org/model@1@0@${(0xabc0 + i).toString(16)}@bfloat16`);

/** For what must not happen yet: a promise that settles at once, but for a few calls of the library, has done so. */
async function isSettledSoon(promise: Promise<unknown>): Promise<boolean> {
  const soon = new Promise((resolve) => setTimeout(resolve, 50, false));
  return (await Promise.race([promise.then(() => true), soon])) === true;
}

/** Runs this with another place of the library in the environment. */
async function withLibrary<T>(path: string | undefined, run: () => Promise<T>): Promise<T> {
  const name = 'MOONCAKE_STORE_LIBRARY';
  const before = process.env[name];
  const set = (value: string | undefined): void => {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  };
  set(path);
  try {
    return await run();
  } finally {
    set(before);
  }
}

describeWithPeer(missingForLibrary())("With a double of Mooncake's library", () => {
  let library: FakeMooncakeLibrary;
  let master: FakeMaster;
  let world: NativeWorld | undefined;

  beforeAll(() => {
    library = new FakeMooncakeLibrary();
  });
  afterAll(() => library[Symbol.dispose]());
  beforeEach(() => {
    master = library.master();
  });
  afterEach(async () => {
    expect((await world?.close()) ?? 0).toBe(0);
    world = undefined;
  });

  async function connected(options?: NativeWorldOptions): Promise<NativeWorld> {
    world = new NativeWorld(library.path, master, options);
    await world.connector.connect();
    return world;
  }

  describe('the library', () => {
    const connecting = (path: string | undefined): Promise<unknown> =>
      withLibrary(path, async () => {
        const remote = await RemoteWorld.create('mooncakestore://127.0.0.1:1?engine=native', {
          definitions: [mooncakeConnector],
        });
        const error = await errorOf(() => remote.connector.connect());
        expect(await remote.close()).toBe(0);
        return error;
      });
    const unusable = (why: string): unknown =>
      expect.objectContaining({
        code: 'KV_MOONCAKE_LIBRARY',
        kind: 'config',
        message: expect.stringContaining(why),
        remedy: expect.stringContaining('MOONCAKE_STORE_LIBRARY'),
      });

    it('is looked for under its own name, and its absence is an error that says so', async () => {
      expect(await connecting(undefined)).toEqual(
        unusable('libmooncake_store.so: cannot open shared object'),
      );
      expect(await connecting('/nowhere/mooncake.so')).toEqual(unusable('/nowhere/mooncake.so'));
    });

    it('is refused when it is none', async () => {
      const path = join(master.folder, 'text.so');
      writeFileSync(path, 'this is no library');
      expect(await connecting(path)).toEqual(unusable('text.so'));
    });

    it('is refused when it lacks a function, which the error names', async () => {
      using old = new FakeMooncakeLibrary('get_size');
      expect(await connecting(old.path)).toEqual(unusable('it has no mooncake_store_get_size'));
    });

    it('is absent without the native addon, and kvnest doctor says what to do', async () => {
      const url = 'mooncakestore://127.0.0.1:1?engine=native';
      const config = await writeConfig(master.folder, {
        tiers: [{ name: 'pool', type: 'remote', url }],
        arena: { capacity: '16MiB' },
      });
      const { out, code } = await runKvnest(['doctor', '--config', config], { env: { KVNEST_NATIVE: '0' } });
      expect(out).toContain("Mooncake's library cannot be used: the native addon is switched off");
      expect(out).toContain('Set MOONCAKE_STORE_LIBRARY');
      expect(code).toBe(1);
    });

    it('is not asked for where kvnest itself speaks to the store', async () => {
      const error = await withLibrary('/nowhere/mooncake.so', async () => {
        const remote = await RemoteWorld.create('mooncakestore://127.0.0.1:1');
        const failure = await errorOf(() => remote.connector.connect());
        await remote.close();
        return failure;
      });
      expect(error).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
    });

    it('is set up without memory of its own, and without a connection for each transfer', async () => {
      await connected();
      expect(master.log('setup')).toEqual([`setup here 0 0 tcp  ${master.address} pool=1`]);
      expect(await world?.connector.describe?.()).toContain(`master ${master.address}, over TCP`);
    });

    it('is destroyed when the connector is closed, and set up again when it connects', async () => {
      const { connector } = await connected();
      await connector.close();
      await connector.connect();
      await connector.ping();
      expect(master.log().map((line) => line.split(' ')[0])).toEqual([
        'setup',
        'destroy',
        'setup',
        'batch_is_exist',
      ]);
    });

    it('that cannot be set up is a store that cannot be reached', async () => {
      master.answer('setup', -1);
      world = new NativeWorld(library.path, master);
      const { connector } = world;
      expect(await errorOf(() => connector.connect())).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
      expect(master.log('destroy')).toHaveLength(1);
      master.answer('setup', undefined);
      await connector.connect();
      await connector.ping();
    });

    it('that is set up for too long is set up once, for all who try meanwhile', async () => {
      master.hold('setup');
      world = new NativeWorld(library.path, master);
      const { connector } = world;
      for (let i = 0; i < 3; i++) {
        const connecting = connector.connect({ signal: AbortSignal.timeout(20) });
        expect(await errorOf(() => connecting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      }
      const connecting = connector.connect();
      master.release('setup');
      await connecting;
      expect(master.log('setup')).toHaveLength(1);
    });

    it('that is set up when nobody waits any more is destroyed', async () => {
      master.hold('setup');
      world = new NativeWorld(library.path, master);
      const { connector } = world;
      await errorOf(() => connector.connect({ signal: AbortSignal.timeout(20) }));
      master.release('setup');
      await expectEventually(() => master.log('destroy').length === 1);
    });
  });

  describe('objects', () => {
    it('whose name says what they are are written once', async () => {
      const { connector } = await connected();
      for (let i = 0; i < 2; i++) expect(await world?.store(keyOf(), chunkBytes(10_000))).toBe('stored');
      expect(master.log('remove')).toEqual([]);
      expect(await connector.exists(keyOf())).toBe(true);
      expectBytes(await world!.fetch(keyOf()), chunkBytes(10_000));
    });

    it('that are sealed are written once, and replaced when they are others', async () => {
      await connected({ layout: 'sealed' });
      for (let i = 0; i < 2; i++) expect(await world?.store(anyKey(), chunkBytes(10_000))).toBe('stored');
      expect(master.log('put_from')).toHaveLength(1);
      expect(await world?.store(anyKey(), chunkBytes(10_000, 1))).toBe('stored');
      expect(master.log('remove')).toEqual(['remove kvnest:sealed:any-0 force=1']);
      expectBytes(await world!.fetch(anyKey()), chunkBytes(10_000, 1));
    });

    it('that somebody else is writing are busy, or stored where the name says what they are', async () => {
      await connected();
      master.beginElsewhere('any-0');
      expect(await world?.store(anyKey(0), chunkBytes(10))).toBe('busy');
      expect(await world?.fetch(anyKey(0))).toBe('miss');
      expect(await world?.connector.remove(anyKey(0))).toBe(false);
      expect(master.log('put_from')).toEqual([]);
      master.beginElsewhere(String(keyOf()));
      expect(await world?.store(keyOf(), chunkBytes(10))).toBe('stored');
    });

    it('for which there is no room are asked again once', async () => {
      await connected();
      master.answer('put_from', -200);
      expect(await world?.store(keyOf(), chunkBytes(10))).toBe('busy');
      expect(master.log('put_from')).toHaveLength(2);
    });

    it('whose owner does not answer are misses, and put elsewhere or nowhere', async () => {
      await connected();
      await world?.store(keyOf(), chunkBytes(10));
      for (const call of ['get_into', 'put_from'] as const) master.answer(call, -800);
      expect(await world?.fetch(keyOf())).toBe('miss');
      expect(await world?.store(keyOf(1), chunkBytes(10))).toBe('busy');
      expect(master.log('put_from')).toHaveLength(3);
    });

    it.each([
      [-704, 'miss'],
      [-707, 'miss'],
      [-712, 'miss'],
    ])('that are gone, or whose lease is, are misses: %i', async (code, outcome) => {
      await connected();
      await world?.store(keyOf(), chunkBytes(10));
      master.answer('get_into', code);
      expect(await world?.fetch(keyOf())).toBe(outcome);
      master.answer('get_size', code);
      expect(await world?.fetch(keyOf())).toBe(outcome);
    });
  });

  it.each([
    [-900, 'KV_REMOTE_UNREACHABLE'],
    [-901, 'KV_REMOTE_UNREACHABLE'],
    [-1011, 'KV_REMOTE_UNREACHABLE'],
    [-1, 'KV_REMOTE_FAILED'],
  ])('throws what is no outcome: %i is %s', async (answer, code) => {
    const { connector } = await connected();
    await world?.store(keyOf(), chunkBytes(10));
    const expectError = async (call: () => Promise<unknown>): Promise<void> =>
      expect(await errorOf(call)).toMatchObject({ code, retryable: true });
    master.answer('get_into', answer);
    await expectError(() => connector.get(keyOf()));
    master.answer('get_size', answer);
    await expectError(() => connector.get(keyOf()));
    master.answer('put_from', answer);
    await expectError(() => world!.store(keyOf(1), chunkBytes(10)));
    master.answer('batch_is_exist', answer);
    await expectError(() => connector.exists(keyOf()));
    await expectError(() => connector.ping());
    master.answer('remove', answer);
    await expectError(() => connector.remove(keyOf()));
  });

  describe('over RDMA', () => {
    it('bytes go straight between the arena and the library where nothing stands in front of them', async () => {
      await connected({ protocol: 'rdma', layout: 'bytes' });
      for (let i = 0; i < 6; i++) expect(await world?.store(keyOf(i), chunkBytes(MIB, i))).toBe('stored');
      for (let i = 0; i < 6; i++) expectBytes(await world!.fetch(keyOf(i)), chunkBytes(MIB, i));
      // The double takes nothing from and into memory that it does not know.
      expect(master.log('register_buffer')).toEqual([`register_buffer ${world?.arena.capacityBytes}`]);
    });

    it('other objects go by memory that is kept for the next one, and made known once', async () => {
      await connected({ protocol: 'rdma', layout: 'lmcache', connections: 1 });
      for (let i = 0; i < 6; i++) expect(await world?.store(keyOf(i), chunkBytes(3 * MIB, i))).toBe('stored');
      for (let i = 0; i < 6; i++) expectBytes(await world!.fetch(keyOf(i)), chunkBytes(3 * MIB, i));
      expect(master.log('register_buffer')).toEqual([
        `register_buffer ${world?.arena.capacityBytes}`,
        `register_buffer ${4 * MIB}`,
      ]);
      expect(await world?.store(keyOf(9), chunkBytes(5 * MIB))).toBe('stored');
      expect(master.log('unregister_buffer')).toHaveLength(1);
    });

    it('a device that does not take the arena is an error of the configuration', async () => {
      master.answer('register_buffer', -1);
      world = new NativeWorld(library.path, master, { protocol: 'rdma' });
      const { connector } = world;
      expect(await errorOf(() => connector.connect())).toMatchObject({
        code: 'KV_REMOTE_REFUSED',
        kind: 'config',
        remedy: expect.stringContaining('ulimit -l'),
      });
      expect(master.log('destroy')).toHaveLength(1);
    });
  });

  describe('a call that takes long', () => {
    it('does not keep the process from anything else, nor questions from being answered', async () => {
      const { connector } = await connected({ connections: 2 });
      await world?.store(keyOf(), chunkBytes(10));
      master.hold('get_into');
      const slow = [1, 2, 3].map(() => world!.fetch(keyOf()));
      await expectEventually(() => master.log('get_into').length === 2);
      expect(await connector.exists(keyOf())).toBe(true);
      expect(await connector.remove(keyOf(7))).toBe(false);
      master.release('get_into');
      for (const bytes of await Promise.all(slow)) expectBytes(bytes, chunkBytes(10));
    });

    it('and is taken back settles at once, and keeps its memory until it ends', async () => {
      await connected({ layout: 'bytes' });
      await world?.store(keyOf(), chunkBytes(MIB));
      master.hold('get_into');
      const fetching = world!.fetch(keyOf(), AbortSignal.timeout(20));
      expect(await errorOf(() => fetching)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      expect(world!.arena.usage().references).toBe(1);
      master.release('get_into');
      await expectEventually(() => world!.arena.usage().references === 0);
    });

    it('and is taken back while it waits for its turn does not begin', async () => {
      await connected({ connections: 1 });
      await world?.store(keyOf(), chunkBytes(10));
      master.hold('get_into');
      const first = world!.fetch(keyOf());
      await expectEventually(() => master.log('get_into').length === 1);
      const second = world!.fetch(keyOf(), AbortSignal.timeout(20));
      expect(await errorOf(() => second)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      master.release('get_into');
      expectBytes(await first, chunkBytes(10));
      expect(master.log('get_into')).toHaveLength(1);
    });

    it('and is a put that is taken back does not replace what is put after it', async () => {
      await connected();
      master.hold('put_from');
      const putting = world!.store(anyKey(), chunkBytes(1_000, 1), AbortSignal.timeout(20));
      expect(await errorOf(() => putting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      const later = world!.store(anyKey(), chunkBytes(1_000, 2));
      master.release('put_from');
      expect(await later).toBe('stored');
      expectBytes(await world!.fetch(anyKey()), chunkBytes(1_000, 2));
    });

    it('and is a removal that is taken back does not remove what is put after it', async () => {
      const { connector } = await connected();
      await world?.store(keyOf(), chunkBytes(1_000));
      master.hold('remove');
      const removing = connector.remove(keyOf(), { signal: AbortSignal.timeout(20) });
      expect(await errorOf(() => removing)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      const later = world!.store(keyOf(), chunkBytes(1_000));
      expect(await isSettledSoon(later)).toBe(false);
      master.release('remove');
      expect(await later).toBe('stored');
      expectBytes(await world!.fetch(keyOf()), chunkBytes(1_000));
    });

    it('is waited for when the connector is closed, whatever it is', async () => {
      const { connector, arena } = await connected({ layout: 'bytes', connections: 2 });
      await world?.store(keyOf(), chunkBytes(MIB));
      for (const call of ['get_into', 'put_from'] as const) master.hold(call);
      const fetching = world!.fetch(keyOf(), AbortSignal.timeout(20));
      const putting = world!.store(keyOf(1), chunkBytes(MIB), AbortSignal.timeout(20));
      expect(await errorOf(() => fetching)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      expect(await errorOf(() => putting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      const closing = connector.close();
      expect(await isSettledSoon(closing)).toBe(false);
      expect(master.log('destroy')).toEqual([]);
      for (const call of ['get_into', 'put_from'] as const) master.release(call);
      await closing;
      expect(master.log('destroy')).toHaveLength(1);
      expect(arena.usage().references).toBe(0);
    });
  });
});
