import { afterEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { get, put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { getHead, jsonOf, putHead, RawConnection, someBytes } from '../support/http-client.js';
import { startHttpServer, type TestServer, type TestServerOptions } from '../support/http-server.js';

const MIB = 1024 * 1024;

let server: TestServer;

afterEach(async () => {
  await server.close();
});

async function start(options: TestServerOptions = {}): Promise<void> {
  server = await startHttpServer(options);
}

/** How long closing took. */
async function closing(): Promise<number> {
  const started = performance.now();
  await server.app.close();
  return performance.now() - started;
}

describe('a shutdown', () => {
  it('finishes what was begun, and ends keep-alive connections', async () => {
    await start({ config: { drainTimeoutMs: 20_000 } });
    const bytes = someBytes(2 * MIB);
    const large = someBytes(8 * MIB);
    await put(server, ChunkKey.of('there'), large);
    const [idle, putting, getting] = await Promise.all([1, 2, 3].map(() => RawConnection.open(server.port)));
    idle!.send(getHead('there'));
    await idle!.response();
    putting!.send(putHead('arriving', bytes.length), bytes.subarray(0, MIB));
    getting!.socket.pause();
    getting!.send(getHead('there'));
    await expectEventually(() => server.engine.status().arena.references === 2);

    const closed = closing();
    await expectEventually(() => idle!.closed);
    putting!.send(bytes.subarray(MIB));
    const response = await putting!.response();
    expect(jsonOf(response)).toMatchObject({ stored: true });
    expect(response.headers['connection']).toBe('close');
    getting!.socket.resume();
    expect((await getting!.response()).body.equals(large)).toBe(true);

    expect(await closed).toBeLessThan(15_000);
    expect((await get(server, ChunkKey.of('arriving')))?.equals(bytes)).toBe(true);
  });

  it('cuts what does not end in time', async () => {
    await start({ config: { drainTimeoutMs: 300 }, limits: { bodyTimeoutMs: 60_000 } });
    const stuck = await RawConnection.open(server.port);
    stuck.send(putHead('stuck', MIB), someBytes(10));
    const silent = await RawConnection.open(server.port);
    await expectEventually(() => server.engine.status().arena.references === 1);
    expect(await closing()).toBeLessThan(10_000);
    await expectEventually(
      () => stuck.closed && silent.closed && server.engine.status().arena.references === 0,
    );
  });

  it('under load loses nothing that was acknowledged', async () => {
    await start();
    const stored = new Set<string>();
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      const client = await RawConnection.open(server.port);
      for (let turn = 0; ; turn++) {
        const key = `load-${lane}-${turn % 20}`;
        client.send(putHead(key, 20_000), someBytes(20_000, lane));
        try {
          if ((jsonOf(await client.response()) as { stored: boolean }).stored) stored.add(key);
        } catch {
          return;
        }
      }
    });
    await expectEventually(() => stored.size >= 40);
    expect(await closing()).toBeLessThan(10_000);
    await Promise.all(lanes);
    for (const key of stored) expect(await get(server, ChunkKey.of(key))).toHaveLength(20_000);
  });

  it('is told by readiness and by refusals while requests are still served', async () => {
    await start();
    await put(server, ChunkKey.of('there'), someBytes(10));
    const ready = `${server.url}/health/ready`;
    expect(await (await fetch(ready)).json()).toEqual({ status: 'ready' });
    server.engine.beginDrain();
    const response = await fetch(ready);
    expect([response.status, await response.json()]).toEqual([503, { status: 'draining' }]);
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${server.url}/v1/objects/there`)).status).toBe(200);
  });
});
