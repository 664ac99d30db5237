import { afterEach, describe, expect, it } from '@jest/globals';
import { NEVER } from 'rxjs';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { keyList, putList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor, type TestTcpDoorOptions } from '../support/tcp-door.js';

const { EXISTS, GET, PUT } = PATTERNS;
const MIB = 1024 * 1024;

describe('tcp door: the end of the server', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  let slow: ScriptedBackend;

  async function start(options: TestTcpDoorOptions = {}): Promise<void> {
    server = await createTestTcpDoor({
      tiers: (parts) => [(slow = new ScriptedBackend('slow', parts))],
      drainTimeoutMs: 20_000,
      ...options,
    });
    client = await TcpTestClient.open(server.port);
    await client.put('a', chunkBytes(100));
    await server.engine.settled();
  }

  /** What Nest does first. */
  function beginDrain(): Promise<void> {
    server.engine.beginDrain();
    return server.door.beforeApplicationShutdown();
  }

  function goAway(from = client): Promise<unknown> {
    return from.take(({ prefix }) => prefix.type === FRAME_TYPES.GOAWAY);
  }

  afterEach(async () => {
    slow.release();
    client[Symbol.dispose]();
    await server.close();
    expect(server.door.doorStatus().address).toBeUndefined();
  });

  it('is told, with the time that is left', async () => {
    await start();
    const drained = beginDrain();
    const { header } = await client.take(({ prefix }) => prefix.type === FRAME_TYPES.GOAWAY);
    expect(JSON.parse(header.toString())).toEqual({ reason: 'draining', deadline_ms: 20_000 });
    await client.closed;
    await drained;
    expect(server.door.doorStatus().connections).toBe(0);
  });

  it('lets nobody in any more', async () => {
    await start();
    const drained = beginDrain();
    await expect(TcpTestClient.open(server.port)).rejects.toThrow();
    await drained;
  });

  it('waits for what is in flight, answers reads, and refuses puts', async () => {
    await start();
    slow.hold();
    await server.stack.tiers[0]!.backend.remove(ChunkKey.of('a'));
    const waiting = client.request(GET, keyList(['a']));
    await expectEventually(() => server.counter('commands') === 2);
    let isDrained = false;
    const drained = beginDrain().then(() => (isDrained = true));
    await goAway();
    expect((await client.put('b', chunkBytes(10))).outcome).toBe('draining');
    expect(await client.flags(EXISTS, ['a'])).toEqual([2]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isDrained).toBe(false);
    slow.release();
    expectBytes((await client.reply(waiting)).body, chunkBytes(100));
    await client.closed;
    await drained;
  });

  it('lets a put that has begun come to its end', async () => {
    await start();
    const bytes = chunkBytes(MIB);
    const put = client.request(PUT, putList([{ key: 'b', lengthBytes: MIB }]), { bodyBytes: MIB });
    client.socket.write(bytes.subarray(0, 1000));
    await expectEventually(() => server.references() === 1);
    const drained = beginDrain();
    await goAway();
    client.socket.write(bytes.subarray(1000));
    expect(readPutAnswers((await client.reply(put)).header)[0]?.outcome).toBe('stored');
    await drained;
    expect(server.references()).toBe(0);
  });

  it('cuts what is in flight at the deadline', async () => {
    await start({
      drainTimeoutMs: 300,
      prepare: ({ strategy }) => strategy.addHandler('never', () => Promise.resolve(NEVER)),
    });
    client.named('never');
    await expectEventually(() => server.counter('commands') === 2);
    await beginDrain();
    expect(server.door.doorStatus().connections).toBe(1);
    server.door.onApplicationShutdown();
    await client.closed;
  });

  it('does not wait for clients that have not said hello, or do not notice', async () => {
    await start();
    using stranger = await TcpTestClient.open(server.port, { hello: false });
    client.socket.pause();
    await beginDrain();
    await stranger.closed;
    expect(stranger.frames).toEqual([]);
  });

  it('comes for many at once', async () => {
    await start();
    const clients = await Promise.all(Array.from({ length: 50 }, () => TcpTestClient.open(server.port)));
    const drained = beginDrain();
    await Promise.all(clients.map((each) => goAway(each)));
    await Promise.all(clients.map((each) => each.closed));
    await drained;
    expect(server.door.doorStatus().connections).toBe(0);
  });
});
