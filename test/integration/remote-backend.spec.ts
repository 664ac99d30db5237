import { afterEach, describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { remoteUnreachable } from '../../src/connectors/connector-errors.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { PATIENT, RemoteTierWorld, type RemoteTierWorldOptions } from '../support/remote-tier-world.js';

const KIB = 1024;
const A = ChunkKey.of('a');
const OLD = { bytes: chunkBytes(1_000, 1) };
const NEW = { bytes: chunkBytes(2_000, 2) };

const down = (): Error => remoteUnreachable('loopback://test');

let world: RemoteTierWorld;

async function start(options?: RemoteTierWorldOptions): Promise<void> {
  world = await RemoteTierWorld.open(options);
}

afterEach(() => world.close());

/** What the store itself has under this name. */
function inStore(name: string): boolean {
  return world.store.has(name);
}

describe('a put on its way to a remote store', () => {
  it('is read without asking the store', async () => {
    await start({ options: PATIENT });
    world.connector.hang();
    const put = world.put('a', { ...NEW, metadata: Buffer.from('m') });
    await expectEventually(() => world.connector.count('put') === 1);
    expect(world.backend.isPutPending(A)).toBe(true);
    expect(await world.read('a')).toEqual(NEW.bytes);
    expect(await world.backend.contains(A, { withMetadata: true })).toBe(true);
    expect(await world.backend.containsPrefix([A])).toBe(1);
    expect(await world.backend.pin(A)).toBe(true);
    const [outcome] = await world.backend.getMany([A]);
    (outcome as ArenaHandle)[Symbol.dispose]();
    expect(world.connector.calls).toEqual(['connect', 'put a']);
    world.connector.recover();
    expect(await put).toBe('stored');
    expect(world.backend.isPutPending(A)).toBe(false);
  });

  it('is not sent when a newer one has overtaken it', async () => {
    await start({ options: PATIENT });
    world.connector.hang();
    const puts = [world.put('a', OLD)];
    await expectEventually(() => world.connector.count('put') === 1);
    puts.push(world.put('a', OLD), world.put('a', NEW));
    expect(await world.read('a')).toEqual(NEW.bytes);
    world.connector.recover();
    expect(await Promise.all(puts)).toEqual(['stored', 'stored', 'stored']);
    expect(world.connector.count('put')).toBe(2);
    expect(await world.read('a')).toEqual(NEW.bytes);
  });

  it('is gone at once when it is removed, and never sent when it still waited', async () => {
    await start({ options: { ...PATIENT, concurrency: 1 } });
    world.connector.hang();
    const first = world.put('first');
    const put = world.put('a', NEW);
    await expectEventually(() => world.connector.count('put') === 1);
    const removal = world.backend.remove(A);
    expect(await world.read('a')).toBe('miss');
    expect(await world.backend.contains(A)).toBe(false);
    world.connector.recover();
    expect(await removal).toBe(true);
    await Promise.all([first, put]);
    expect(world.connector.calls).not.toContain('put a');
    expect(inStore('a')).toBe(false);
  });

  it('takes a time of expiry that is set before it is sent, and one that is set later', async () => {
    await start({ options: { ...PATIENT, concurrency: 1 } });
    world.connector.answerLate((call) => call.startsWith('put'));
    const puts = [world.put('sending'), world.put('waiting')];
    await expectEventually(() => inStore('sending'));
    const expiresAtMs = world.clock.nowMs() + 1_000;
    const keys = [ChunkKey.of('sending'), ChunkKey.of('waiting')];
    const set = keys.map((key) => world.backend.expire(key, expiresAtMs));
    world.connector.recover();
    expect(await Promise.all([...puts, ...set])).toEqual(['stored', 'stored', true, true]);
    for (const key of keys) expect(await world.backend.expiresAtMs(key)).toBe(expiresAtMs);
    expect(world.store.get('sending')?.expiresAtMs).toBe(expiresAtMs);
    world.clock.advance(1_000);
    expect(await world.backend.containsPrefix(keys)).toBe(0);
  });

  it('makes a read wait that was called after it only for itself', async () => {
    await start({ options: PATIENT });
    await world.put('a', OLD);
    world.connector.hang((call) => call === 'get a');
    const read = world.read('a');
    const put = world.put('a', NEW);
    world.connector.recover();
    expect(await read).toEqual(OLD.bytes);
    expect(await put).toBe('stored');
  });
});

describe('the queue of a remote tier', () => {
  const limits = { ...PATIENT, queue: 100 * KIB, queue_chunks: 8, queue_wait_ms: 5, concurrency: 2 };
  const LENGTH = 10 * KIB;

  it('is bounded in bytes, and what finds no room in time is busy and leaves no older chunk', async () => {
    await start({ options: { ...limits, queue_chunks: 1_000 } });
    await world.put('11', OLD);
    world.connector.hang((call) => call.startsWith('put'));
    const puts = Array.from({ length: 12 }, (_, i) => world.put(`${i}`, { bytes: chunkBytes(LENGTH, i) }));
    expect(await puts[11]).toBe('busy');
    expect(await puts[10]).toBe('busy');
    expect(world.connector.count('put')).toBe(3);
    // Ours and the queue's.
    expect(world.arena.usage().references).toBe(2 * 10);
    expect(await world.read('11')).toBe('miss');
    world.connector.recover();
    expect(await Promise.all(puts.slice(0, 10))).toEqual(Array.from({ length: 10 }, () => 'stored'));
    await expectEventually(() => !inStore('11'));
  });

  it('is bounded in number', async () => {
    await start({ options: limits });
    world.connector.hang((call) => call.startsWith('put'));
    const puts = Array.from({ length: 9 }, (_, i) => world.put(`${i}`, { bytes: chunkBytes(10, i) }));
    expect(await puts[8]).toBe('busy');
    world.connector.recover();
    expect(await Promise.all(puts.slice(0, 8))).toEqual(Array.from({ length: 8 }, () => 'stored'));
  });

  it('takes what is larger than itself when it is empty, and lets in who waits as room comes', async () => {
    await start({ options: { ...limits, queue: KIB, max_in_flight: KIB, queue_wait_ms: 60_000 } });
    const puts = [0, 1, 2].map((i) => world.put(`${i}`, { bytes: chunkBytes(LENGTH, i) }));
    expect(await Promise.all(puts)).toEqual(['stored', 'stored', 'stored']);
  });

  it('fails all that it has when the store turns out to hang, and fails what comes then at once', async () => {
    await start({ options: { ...limits, timeout_ms: 30, breaker_failures: 2, breaker_reset_ms: 60_000 } });
    world.connector.hang();
    const puts = Array.from({ length: 8 }, (_, i) => world.put(`${i}`, { bytes: chunkBytes(LENGTH, i) }));
    expect(new Set(await Promise.all(puts))).toEqual(new Set(['failed']));
    const { length } = world.connector.calls;
    expect(world.connector.count('put')).toBeLessThan(8);
    expect(world.backend.usage().healthy).toBe(false);
    expect(await world.put('later')).toBe('failed');
    expect(world.connector.calls).toHaveLength(length);
    expect(world.arena.usage().references).toBe(0);
  });
});

describe('lookups of a remote tier', () => {
  const keys = Array.from({ length: 100 }, (_, i) => ChunkKey.of(`${i}`));

  it('stop at the first gap', async () => {
    await start({ options: PATIENT });
    for (const key of keys.slice(0, 5)) await world.put(String(key));
    expect(await world.backend.containsPrefix(keys)).toBe(5);
    expect(world.connector.calls.filter((call) => call.startsWith('exists'))).toEqual([
      'existsMany 1',
      'existsMany 2',
      'existsMany 4',
    ]);
    world.connector.calls.splice(0);
    expect(await world.backend.containsPrefix([ChunkKey.of('none'), ...keys])).toBe(0);
    expect(world.connector.calls).toEqual(['existsMany 1']);
  });

  it('are one question where the store has a form for many', async () => {
    await start({ options: PATIENT, capabilities: { batch: true } });
    for (const key of keys) await world.put(String(key));
    world.connector.calls.splice(0);
    expect(await world.backend.containsPrefix(keys)).toBe(100);
    expect(world.connector.calls).toEqual(['existsMany 100']);
  });

  it('ask only for what is not known here', async () => {
    await start({ options: PATIENT });
    for (const name of ['0', '2', '3']) await world.put(name);
    world.connector.hang((call) => call === 'put 1');
    const put = world.put('1');
    await expectEventually(() => world.connector.count('put 1') === 1);
    world.connector.calls.splice(0);
    expect(await world.backend.containsPrefix(keys)).toBe(4);
    expect(world.connector.calls).toEqual(['existsMany 1', 'existsMany 2', 'existsMany 4']);
    world.connector.recover();
    await put;
  });
});

describe('scan and clear of a remote tier', () => {
  it('find what is still on its way', async () => {
    await start({ options: PATIENT });
    world.connector.hang((call) => call.startsWith('put'));
    const put = world.put('a');
    expect((await world.backend.scan(0, 10)).keys.map(String)).toEqual(['a']);
    const cleared = world.backend.clear();
    world.connector.recover();
    expect(await cleared).toBe(1);
    await put;
    expect(await world.read('a')).toBe('miss');
    expect(inStore('a')).toBe(false);
  });

  it('say when a store fails half way', async () => {
    await start({ options: { ...PATIENT, breaker_failures: 1_000 } });
    for (let i = 0; i < 600; i++) await world.put(`${i}`, { bytes: Buffer.alloc(0) });
    const { cursor } = await world.backend.scan(0, 10);
    world.connector.fail(down(), () => world.connector.count('list') > 2);
    expect(await world.backend.clear()).toBe(512);
    expect(world.logger.lines.at(-1)?.message).toContain('still there');
    expect(await world.backend.scan(cursor, 10)).toEqual({ keys: [], cursor: 0 });
  });

  it('end where a store names the same page again and again', async () => {
    await start();
    world.connector.list = () => Promise.resolve({ keys: [], cursor: 'here again' });
    expect(await world.backend.clear()).toBe(0);
    expect(world.logger.lines.at(-1)?.message).toContain('still there');
  });

  it('say once that a store which cannot list keeps what it has', async () => {
    await start({ capabilities: { list: false } });
    await world.put('a');
    expect(await world.backend.clear()).toBe(0);
    expect(await world.backend.clear()).toBe(0);
    expect(world.logger.count('warn')).toBe(1);
  });
});
