import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RedisServer } from '../support/resp-redis-server.js';

const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');
const OTHER = ChunkKey.of('org/model@1@0@def@bfloat16');
const [OLD, LATE, NEW] = [chunkBytes(1_000, 1), chunkBytes(300_000, 2), chunkBytes(300_000, 3)];

const withRedis = describeWithPeer(missingCommand('redis-server', ['--version']));

withRedis.each([
  ['redis', ''],
  ['redis', '?layout=sealed'],
  ['resp', ''],
])('a put over %s://%s that was taken back and arrives late', (scheme, rest) => {
  let server: RedisServer;
  let proxy: HoldingProxy;
  let world: RemoteWorld;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    proxy = await HoldingProxy.start(server.port);
    world = await RemoteWorld.open(`${scheme}://127.0.0.1:${proxy.port}${rest}`);
    await world.put({ key: KEY, bytes: OLD });
    await putLate();
  });
  afterEach(async () => {
    expect(await world.close()).toBe(0);
    await proxy[Symbol.asyncDispose]();
  });

  async function putLate(): Promise<void> {
    using chunk = world.chunk({ key: KEY, bytes: LATE });
    const caller = new AbortController();
    proxy.holdNext();
    const late = world.connector.put(chunk, { signal: caller.signal });
    await expectEventually(() => proxy.heldBytes > LATE.length);
    caller.abort();
    expect(await errorOf(() => late)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
  }

  async function read(): Promise<Buffer | string> {
    const outcome = await world.read(KEY);
    return typeof outcome === 'string' ? outcome : outcome.bytes;
  }

  /** Whether a call waits, when the store has answered others that came after it. */
  async function waits(call: Promise<unknown>): Promise<boolean> {
    let isSettled = false;
    call.finally(() => (isSettled = true)).catch(() => undefined);
    for (let i = 0; i < 20; i++) await world.put({ key: OTHER, bytes: LATE });
    expect(await read()).toEqual(OLD);
    return !isSettled;
  }

  it('does not replace the put that came after it', async () => {
    const put = world.put({ key: KEY, bytes: NEW });
    expect(await waits(put)).toBe(true);
    proxy.release();
    expect(await put).toBe('stored');
    expect(await read()).toEqual(NEW);
  });

  it('does not come back after a removal', async () => {
    const removal = world.connector.removeMany([OTHER, KEY]);
    expect(await waits(removal)).toBe(true);
    proxy.release();
    expect(await removal).toEqual([true, true]);
    expect(await read()).toBe('miss');
  });

  it('holds up no call that is taken back, and no close', async () => {
    using chunk = world.chunk({ key: KEY, bytes: NEW });
    const caller = new AbortController();
    const put = world.connector.put(chunk, { signal: caller.signal });
    expect(await waits(put)).toBe(true);
    caller.abort();
    expect(await errorOf(() => put)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(await errorOf(() => world.connector.remove(KEY, { signal: caller.signal }))).toMatchObject({
      code: 'KV_REMOTE_ABORTED',
    });
  });
});
