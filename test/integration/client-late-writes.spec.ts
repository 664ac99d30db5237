import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type KvnestClient } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { MessageServer } from '../support/message-server.js';

const BYTES = 100_000;

describe('a put whose connection goes silent when all of it was sent', () => {
  let server: MessageServer;
  let proxy: HoldingProxy;
  let client: KvnestClient;

  beforeEach(async () => {
    server = await MessageServer.start({ doors: { http: false, nest: false } });
    proxy = await HoldingProxy.start(server.port('tcp'));
    client = await connect(`kvnest://127.0.0.1:${proxy.port}`, {
      unresponsiveMs: 300,
      connections: { bulk: 2 },
    });
  });
  afterEach(async () => {
    await client.close();
    await proxy[Symbol.asyncDispose]();
    await server.close();
  });

  it('is not said to be stored because another like it was: it may come yet', async () => {
    await client.get('all connections are there');
    await expectEventually(() => proxy.speakers === 3);
    proxy.holdNext();
    const first = client.put('a', Buffer.alloc(BYTES, 1));
    await expect(first).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    expect(proxy.heldBytes).toBeGreaterThan(BYTES);
    expect(server.door('tcp').counters['commands']).toBe(1);
    proxy.release();
    await expectEventually(() => server.door('tcp').counters['commands'] === 2);
  });

  it('is repeated where the connection was ended by the other side: nothing of it comes any more', async () => {
    await client.get('all connections are there');
    await expectEventually(() => proxy.speakers === 3);
    proxy.holdNext();
    const first = client.put('a', Buffer.alloc(BYTES, 1));
    await expectEventually(() => proxy.heldBytes > BYTES);
    proxy.cut();
    expect(await first).toMatchObject({ stored: true });
  });
});
