import { afterEach, describe, expect, it } from '@jest/globals';
import { remoteFailed, remoteRefused, remoteUnreachable } from '../../src/connectors/connector-errors.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { PATIENT, RemoteTierWorld, type RemoteTierWorldOptions } from '../support/remote-tier-world.js';

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

describe('what a remote store may still hold', () => {
  const quick = { breaker_failures: 1_000 };

  it('is a miss after a put that failed, and is removed when the store is in order again', async () => {
    await start({ options: quick });
    await world.put('a', OLD);
    world.connector.fail(down(), (call) => call !== 'ping');
    expect(await world.put('a', NEW)).toBe('failed');
    world.connector.fail(down(), (call) => call.startsWith('remove'));
    expect(await world.read('a')).toBe('miss');
    expect(await world.backend.contains(A)).toBe(false);
    expect(await world.backend.containsPrefix([A])).toBe(0);
    expect((await world.backend.scan(0, 10)).keys).toEqual([]);
    expect(inStore('a')).toBe(true);
    world.connector.recover();
    await expectEventually(() => !inStore('a'));
    expect(await world.read('a')).toBe('miss');
  });

  it('is a miss after a removal that failed, which is made again', async () => {
    await start({ options: quick });
    await world.put('a', OLD);
    world.connector.fail(down(), (call) => call.startsWith('remove'));
    expect(await world.backend.remove(A)).toBe(false);
    expect(await world.read('a')).toBe('miss');
    expect(await world.backend.expire(A, 0)).toBe(false);
    expect(await world.backend.expiresAtMs(A)).toBeUndefined();
    world.connector.recover();
    await expectEventually(() => !inStore('a'));
  });

  it('stays a miss when it is told to expire meanwhile', async () => {
    await start({ options: { ...PATIENT, timeout_ms: 20 } });
    world.connector.hang((call) => call.startsWith('put'));
    const put = world.put('a', NEW);
    await expectEventually(() => world.connector.count('put') === 1);
    const expired = world.backend.expire(A, world.clock.nowMs() + 1_000);
    expect([await put, await expired]).toEqual(['failed', false]);
    expect(world.connector.count('put')).toBe(1);
  });

  it('is replaced by the next put, and no late removal takes that away', async () => {
    await start({ options: { ...quick, ...PATIENT } });
    await world.put('a', OLD);
    world.connector.fail(down(), (call) => call === 'put a');
    world.connector.hang((call) => call === 'remove a');
    expect(await world.put('a', NEW)).toBe('failed');
    await expectEventually(() => world.connector.count('remove') === 1);
    const put = world.put('a', NEW);
    world.connector.recover();
    expect(await put).toBe('stored');
    expect(await world.read('a')).toEqual(NEW.bytes);
    expect(world.connector.count('remove')).toBe(1);
  });

  it('is a miss for good where the store cannot remove, until it is replaced', async () => {
    await start({ capabilities: { remove: false } });
    await world.put('a', OLD);
    expect(await world.backend.remove(A)).toBe(true);
    expect(await world.backend.remove(A)).toBe(false);
    expect(await world.read('a')).toBe('miss');
    expect(await world.backend.clear()).toBe(0);
    expect(await world.put('a', NEW)).toBe('stored');
    expect(await world.read('a')).toEqual(NEW.bytes);
    expect(world.connector.count('remove')).toBe(0);
  });

  it('is a miss also to a read of many keys, and to a lookup, that come to it late', async () => {
    await start({ capabilities: { batch: true }, options: { ...PATIENT, ...quick } });
    await world.put('a', OLD);
    const many = Array.from({ length: 300 }, (_, i) => ChunkKey.of(`other ${i}`));
    for (const key of many) await world.put(key.toString(), OLD);
    world.connector.hang((call) => call === 'get other 0' || call === 'existsMany 256');
    world.connector.fail(down(), (call) => /^(put|remove)/.test(call));
    const keys = [...many, A];
    const read = world.backend.getMany(keys);
    const found = world.backend.containsPrefix(keys);
    await expectEventually(() => world.connector.count('existsMany') === 1);
    expect(await world.put('a', NEW)).toBe('failed');
    world.connector.recover();
    world.connector.fail(down(), (call) => /^(put|remove)/.test(call));
    const outcomes = await read;
    for (const outcome of outcomes) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
    expect(outcomes.at(-1)).toBe('miss');
    expect(outcomes.filter((outcome) => typeof outcome === 'string')).toHaveLength(1);
    expect(await found).toBe(many.length);
  });

  it('is removed when it is damaged, counted, and told once', async () => {
    await start();
    await world.put('a', OLD);
    const { value } = world.store.get('a')!;
    (value as Buffer).writeUInt8(value.at(-1)! ^ 1, value.length - 1);
    expect(await world.read('a')).toBe('corrupt');
    expect(await world.read('a')).toBe('miss');
    await expectEventually(() => !inStore('a'));
    expect(world.backend.usage().corruptions).toBe(1);
    expect(world.logger.count('warn')).toBe(1);
  });

  it('is told of in one line, whatever its key is', async () => {
    await start();
    const key = 'a\n[Nest] 1 - LOG all is well\u001b[2J';
    await world.put(key);
    const [name, { value }] = [...world.store][0]!;
    (value as Buffer).writeUInt8(value.at(-1)! ^ 1, value.length - 1);
    expect(await world.read(key)).toBe('corrupt');
    expect(world.logger.lines.at(-1)?.message).toMatch(new RegExp(`dropped: ${name}$`));
    expect(name).not.toContain('\n');
  });

  it('is a miss once its own time of expiry has passed, whatever the store says', async () => {
    await start();
    await world.put('a', { expiresAtMs: world.clock.nowMs() + 100 });
    world.store.set('a', { ...world.store.get('a')!, expiresAtMs: 0 });
    world.clock.advance(100);
    expect(await world.read('a')).toBe('miss');
  });
});

describe('names and lengths that a remote store does not take', () => {
  it('are rejected, and read as misses without asking', async () => {
    await start({ capabilities: { maxKeyBytes: 10 } });
    const long = 'a key that is too long';
    expect(await world.put(long)).toBe('rejected');
    expect(await world.read(long)).toBe('miss');
    expect(await world.backend.contains(ChunkKey.of(long))).toBe(false);
    expect(await world.backend.removeMany([ChunkKey.of(long), A])).toEqual([false, false]);
    expect(world.connector.calls).toEqual(['connect', 'remove a']);
    expect(await world.put('0123456789')).toBe('stored');
  });

  it('are rejected with the older chunk of the key', async () => {
    await start({ capabilities: { maxValueBytes: 1_500 } });
    await world.put('a', OLD);
    expect(world.backend.capabilities.maxChunkBytes).toBe(1_500);
    expect(await world.put('a', NEW)).toBe('rejected');
    expect(await world.read('a')).toBe('miss');
    await expectEventually(() => !inStore('a'));
  });
});

describe('a remote store that fails', () => {
  const options = { breaker_failures: 3, breaker_reset_ms: 1 };

  it('is a miss and a put that failed, never an error, with one line at each change', async () => {
    await start({ options });
    await world.put('a', OLD);
    world.connector.fail(remoteFailed('loopback://test', 'LOADING', { retryable: true }));
    for (let i = 0; i < 5; i++) {
      expect(await world.read('a')).toBe('miss');
      expect(await world.put('b')).toBe('failed');
      expect(await world.backend.contains(A)).toBe(false);
      expect(await world.backend.containsPrefix([A])).toBe(0);
      expect(await world.backend.getMany([A])).toEqual(['miss']);
      expect(await world.backend.pin(A)).toBe(false);
      expect(await world.backend.scan(0, 10)).toEqual({ keys: [], cursor: 0 });
      expect(await world.backend.clear()).toBe(0);
    }
    expect(world.backend.usage().healthy).toBe(false);
    expect(world.backend.usage().counters?.['errors']).toBeGreaterThan(10);
    world.connector.recover();
    await expectEventually(() => world.backend.usage().healthy);
    expect(await world.read('a')).toEqual(OLD.bytes);
    const lines = world.logger.lines.filter(
      ({ message }) => message.includes('in order again') || message.includes('out of order'),
    );
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'log']);
    expect(lines[0]?.message).toContain('LOADING');
  });

  it('is noticed by a ping, without any request', async () => {
    await start({ options: { breaker_failures: 500, ping_interval_ms: 50, breaker_reset_ms: 60_000 } });
    world.connector.fail(down());
    await expectEventually(() => !world.backend.usage().healthy);
    expect(world.connector.count('ping')).toBe(500);
  });

  it('that hangs costs a lookup its own short time, and the next ones nothing', async () => {
    await start({ options: { ...PATIENT, lookup_timeout_ms: 10, breaker_failures: 1 } });
    world.connector.hang();
    expect(await world.backend.containsPrefix([A])).toBe(0);
    expect(await world.backend.containsPrefix([A])).toBe(0);
    expect(world.connector.count('exists')).toBe(1);
  });
});

describe('opening a remote tier', () => {
  it('succeeds without the store, which is found later', async () => {
    world = new RemoteTierWorld();
    world.connector.fail(down());
    await world.backend.open();
    expect(world.backend.usage().healthy).toBe(false);
    expect(await world.put('a')).toBe('failed');
    expect(await world.read('a')).toBe('miss');
    expect(world.connector.calls.filter((call) => call !== 'connect')).toEqual([]);
    world.connector.recover();
    await expectEventually(() => world.backend.usage().healthy);
    expect(await world.put('a', NEW)).toBe('stored');
    expect(await world.read('a')).toEqual(NEW.bytes);
    expect(world.logger.lines.map(({ level }) => level)).toEqual(['warn', 'log']);
  });

  it('takes no longer than it may when the store does not answer', async () => {
    world = new RemoteTierWorld({ options: { connect_timeout_ms: 20, ping_interval_ms: 60_000 } });
    world.connector.hang();
    await world.backend.open();
    expect(world.backend.usage().healthy).toBe(false);
  });

  it('fails when the store refuses who we are, and can be tried again', async () => {
    world = new RemoteTierWorld();
    world.connector.fail(remoteRefused('loopback://test', 'WRONGPASS'));
    expect(await errorOf(() => world.backend.open())).toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    expect(await errorOf(() => world.backend.get(A))).toMatchObject({ code: 'KV_BACKEND_CLOSED' });
    world.connector.recover();
    await world.backend.open();
    expect(await world.put('a')).toBe('stored');
  });
});
