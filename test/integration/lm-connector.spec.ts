import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import {
  decodeLmRequest,
  encodeLmReply,
  encodeLmRequest,
  LM_CODES,
  LM_REQUEST_BYTES,
} from '../../src/protocols/lm/lm-message.js';
import {
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../src/protocols/remote-metadata/remote-metadata.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { fillArena } from '../contracts/chunks/arena-filler.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { LmConnectorWorld } from '../support/lm-connector.js';
import { createTestLmDoor } from '../support/lm-door.js';
import { afterGreeting, type ScriptedSocket, ScriptedServer } from '../support/lm-scripted-server.js';

const KEY = 'm@1@0@5f@half';
const MIB = 1024 * 1024;

function kv(lengthBytes: number): RemoteMetadata {
  return { lengthBytes, format: 1, groups: [{ dtype: 6, shape: [lengthBytes] }] };
}

/** Reads requests, bodies included, and answers each with what `answer` gives. */
function answering(...answers: readonly Buffer[]) {
  return async (client: ScriptedSocket): Promise<void> => {
    for (const answer of answers) {
      await nextQuestion(client);
      client.send(answer);
    }
    await client.bytes(1);
  };
}

/** The next request that is no put; puts before it are read. */
async function nextQuestion(client: ScriptedSocket): Promise<number> {
  for (;;) {
    const request = decodeLmRequest(await client.bytes(LM_REQUEST_BYTES));
    if (typeof request === 'string') throw new Error(request);
    if (request.command !== 1) return request.command;
    await client.bytes(request.metadata.lengthBytes);
  }
}

async function isNotAsked(client: ScriptedSocket): Promise<void> {
  await client.bytes(1);
  throw new Error('it was asked');
}

type Script = (client: ScriptedSocket) => Promise<void>;

/** Opens a connector to a server that does what it is told. */
async function between(
  [first, ...others]: readonly [Script, ...Script[]],
  test: (world: LmConnectorWorld, server: ScriptedServer) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.start(afterGreeting(first), ...others);
  await using world = new LmConnectorWorld(server.port, { connections: 1 });
  await world.connector.connect();
  await test(world, server);
  await expectEventually(() => world.references === 0);
  expect(server.failures).toEqual([]);
}

describe('lm connector', () => {
  it.each([
    ['an unknown code', encodeLmReply(LM_CODES.FAIL).fill(1, 0, 4)],
    ['a negative length', encodeLmReply(LM_CODES.SUCCESS).fill(255, 4, 8)],
    ['bytes where none are due', encodeLmReply(LM_CODES.SUCCESS, kv(4))],
    ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
  ])('says that it is another protocol: %s', (_, answer) =>
    between(
      [answering(answer), answering(encodeLmReply(LM_CODES.SUCCESS))],
      async ({ connector }, server) => {
        expect(await errorOf(() => connector.exists(ChunkKey.of(KEY)))).toMatchObject({
          code: 'KV_REMOTE_PROTOCOL',
        });
        expect(await connector.exists(ChunkKey.of(KEY))).toBe(true);
        expect(server.connections).toBe(2);
      },
    ),
  );

  it('does not take an answer that nobody asked for', () => {
    let isGone = false;
    return between(
      [
        async (client) => {
          client.send(encodeLmReply(LM_CODES.SUCCESS));
          await client.bytes(1).catch(() => (isGone = true));
        },
        answering(encodeLmReply(LM_CODES.FAIL)),
      ],
      async ({ connector }) => {
        await expectEventually(() => isGone);
        expect(await connector.exists(ChunkKey.of(KEY))).toBe(false);
      },
    );
  });

  it('says busy when a put was not kept, and corrupt for a key without bytes', () =>
    between(
      [
        async (client) => {
          await nextQuestion(client);
          client.send(encodeLmReply(LM_CODES.FAIL));
          await nextQuestion(client);
          client.socket.end(encodeLmReply(LM_CODES.SUCCESS, kv(100_000)));
        },
      ],
      async (world) => {
        expect(await world.put(KEY, chunkBytes(3 * MIB), kv(3 * MIB))).toBe('busy');
        expect(await world.read(KEY)).toBe('corrupt');
      },
    ));

  it.each([1, 50_000, 99_999])('fails when the server hangs up after %i bytes of a chunk', (bytes) =>
    between(
      [
        async (client) => {
          await nextQuestion(client);
          client.send(encodeLmReply(LM_CODES.SUCCESS, kv(100_000)), Buffer.alloc(bytes));
          client.socket.end();
        },
      ],
      async (world) => {
        expect(await errorOf(() => world.read(KEY))).toMatchObject({
          code: 'KV_REMOTE_UNREACHABLE',
          retryable: true,
        });
      },
    ),
  );

  it('says when a server is not healthy', () =>
    between(
      [answering(encodeLmReply(LM_CODES.FAIL), encodeLmReply(LM_CODES.SUCCESS))],
      async ({ connector }) => {
        expect(await errorOf(() => connector.ping())).toMatchObject({
          code: 'KV_REMOTE_FAILED',
          retryable: true,
        });
        await connector.ping();
      },
    ));

  it('drops a chunk for which there is no room, and stays in step', () =>
    between(
      [
        answering(
          Buffer.concat([encodeLmReply(200, kv(MIB)), chunkBytes(MIB)]),
          encodeLmReply(LM_CODES.FAIL),
        ),
      ],
      async (world, server) => {
        const fillers = fillArena(world.arena);
        expect(await world.read(KEY)).toBe('busy');
        for (const filler of fillers) filler[Symbol.dispose]();
        expect(await world.read(KEY)).toBe('miss');
        expect(server.connections).toBe(1);
      },
    ));

  it('sends a put to its end although its caller gave up, and uses the connection again', () => {
    const slow = Promise.withResolvers<undefined>();
    return between(
      [
        async (client) => {
          await client.bytes(1000);
          await slow.promise;
          await client.bytes(LM_REQUEST_BYTES + 16 * MIB - 1000);
          await answering(encodeLmReply(LM_CODES.SUCCESS), encodeLmReply(LM_CODES.FAIL))(client);
        },
      ],
      async (world, server) => {
        using chunk = world.chunk(KEY, chunkBytes(16 * MIB), kv(16 * MIB));
        const abort = new AbortController();
        const put = world.connector.put(chunk, { signal: abort.signal });
        await expectEventually(() => server.connections === 1);
        abort.abort();
        expect(await errorOf(() => put)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
        expect(world.references).toBe(2);
        const next = world.connector.exists(ChunkKey.of(KEY));
        slow.resolve(undefined);
        expect(await next).toBe(false);
        expect(server.connections).toBe(1);
        expect(world.references).toBe(1);
      },
    );
  });

  it.each(['get', 'exists', 'ping'] as const)(
    'gives the connection up with a %s that is taken back',
    (operation) =>
      between(
        [(client) => client.bytes(1e9).then(() => undefined), answering(encodeLmReply(LM_CODES.FAIL))],
        async (world, server) => {
          const abort = new AbortController();
          const { signal } = abort;
          const call =
            operation === 'ping'
              ? world.connector.ping({ signal })
              : world.connector[operation](ChunkKey.of(KEY), { signal });
          const waiting = world.connector.exists(ChunkKey.of(KEY));
          await expectEventually(() => server.connections === 1);
          abort.abort();
          expect(await errorOf(() => call)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
          expect(await waiting).toBe(false);
          expect(server.connections).toBe(2);
        },
      ),
  );

  it('takes back a call that still waits for a connection', () =>
    between([(client) => client.bytes(1e9).then(() => undefined)], async ({ connector }) => {
      const [first, second] = [new AbortController(), new AbortController()];
      const running = connector.exists(ChunkKey.of(KEY), { signal: first.signal });
      const waiting = connector.exists(ChunkKey.of(KEY), { signal: second.signal });
      second.abort();
      expect(await errorOf(() => waiting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      first.abort();
      expect(await errorOf(() => running)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    }));

  it('asks once more when the connection was closed while it was idle', () =>
    between(
      [
        async (client) => {
          await nextQuestion(client);
          client.send(encodeLmReply(LM_CODES.SUCCESS));
          client.socket.end();
        },
        answering(encodeLmReply(LM_CODES.FAIL)),
      ],
      async ({ connector }, server) => {
        expect(await connector.exists(ChunkKey.of(KEY))).toBe(true);
        expect(await connector.exists(ChunkKey.of(KEY))).toBe(false);
        expect(server.connections).toBe(2);
      },
    ));

  it('says that nobody listens, and connects when somebody does', async () => {
    const first = await createTestLmDoor();
    const { port } = first;
    await first.close();
    await using world = new LmConnectorWorld(port);
    const { connector } = world;
    const unreachable = { code: 'KV_REMOTE_UNREACHABLE', retryable: true };
    expect(await errorOf(() => connector.connect())).toMatchObject(unreachable);
    {
      await using server = await createTestLmDoor({ limits: { port } });
      await connector.connect();
      await connector.ping();
      expect(server.counter('commands')).toBe(2);
    }
    expect(await errorOf(() => connector.ping())).toMatchObject(unreachable);
    await using server = await createTestLmDoor({ limits: { port } });
    await connector.ping();
    expect(server.counter('commands')).toBe(1);
  });

  it.each([
    ['a banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nand more of the same'],
    ['a web page', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
  ])('does not connect to what answers with %s', async (_, text) => {
    await using server = await ScriptedServer.start(async (client) => {
      await client.bytes(LM_REQUEST_BYTES);
      client.send(Buffer.from(text));
      await client.bytes(1);
    });
    await using world = new LmConnectorWorld(server.port);
    expect(await errorOf(() => world.connector.connect())).toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
  });

  it.each([
    'model@01020304@group@1ed603bd',
    'hello',
    `${KEY}@notag`,
    KEY.padEnd(151, '0').replace('half', 'half@t%'),
  ])('asks nobody for the key %s', (key) =>
    between([isNotAsked], async (world) => {
      expect(await world.put(key, chunkBytes(10))).toBe('rejected');
      expect(await world.read(key)).toBe('miss');
      expect(await world.connector.exists(ChunkKey.of(key))).toBe(false);
    }),
  );

  it('rejects metadata of several tensors, for which there is no room', async () => {
    await using server = await createTestLmDoor();
    await using world = new LmConnectorWorld(server.port);
    await world.connector.connect();
    const groups = [...kv(50).groups, ...kv(50).groups];
    expect(await world.put(KEY, chunkBytes(100), { ...kv(100), groups })).toBe('rejected');
    expect(await world.read(KEY)).toBe('miss');
    expect(await world.put(KEY, chunkBytes(100), kv(100))).toBe('stored');
    expect(await world.read(KEY)).toMatchObject({ metadata: encodeRemoteMetadata(kv(100)) });
  });

  it('cannot reject what leaves an older chunk, and says so', async () => {
    await using server = await createTestLmDoor();
    await using world = new LmConnectorWorld(server.port);
    await world.connector.connect();
    expect(await world.put(KEY, chunkBytes(100), kv(100))).toBe('stored');
    const groups = [...kv(50).groups, ...kv(50).groups];
    expect(await errorOf(() => world.put(KEY, chunkBytes(100, 7), { ...kv(100), groups }))).toMatchObject({
      code: 'KV_REMOTE_UNSUPPORTED',
    });
  });

  it.each([
    ['goes on', 60_000],
    ['was cut off', 1],
  ])(
    'puts nothing before a put of the same key that %s after its caller gave up',
    async (_, putPatienceMs) => {
      await using server = await createTestLmDoor();
      await using proxy = await HoldingProxy.start(server.port);
      await using world = new LmConnectorWorld(proxy.port, { putPatienceMs });
      await world.connector.connect();
      const put = (key: string, seed: number): Promise<string> =>
        world.put(key, chunkBytes(MIB, seed), kv(MIB));
      using chunk = world.chunk(KEY, chunkBytes(MIB, 1), kv(MIB));
      const caller = new AbortController();
      proxy.holdNext();
      const late = world.connector.put(chunk, { signal: caller.signal });
      await expectEventually(() => proxy.heldBytes > MIB);
      caller.abort();
      expect(await errorOf(() => late)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      let isSettled = false;
      const next = put(KEY, 2).finally(() => (isSettled = true));
      for (let i = 0; i < 20; i++) expect(await put(`${KEY}@t%${i}`, i)).toBe('stored');
      expect(isSettled).toBe(false);
      proxy.release();
      expect(await next).toBe('stored');
      expect(await world.read(KEY)).toMatchObject({ bytes: chunkBytes(MIB, 2) });
    },
  );

  it('spreads calls over its connections', async () => {
    await using server = await createTestLmDoor();
    await using world = new LmConnectorWorld(server.port, { connections: 3 });
    await world.connector.connect();
    const keys = Array.from({ length: 30 }, (_, i) => `${KEY}@t%${i}`);
    expect(new Set(await Promise.all(keys.map((key) => world.put(key, chunkBytes(50_000)))))).toEqual(
      new Set(['stored']),
    );
    expect(server.counter('connections')).toBe(3);
  });

  it('writes a put and the question behind it as LMCache would', () =>
    between(
      [
        async (client) => {
          const expected = [encodeLmRequest(1, KEY, kv(5000)), chunkBytes(5000), encodeLmRequest(3, KEY)];
          const bytes = Buffer.concat(expected);
          expect((await client.bytes(bytes.length)).equals(bytes)).toBe(true);
          client.send(encodeLmReply(LM_CODES.SUCCESS));
        },
      ],
      async (world) => expect(await world.put(KEY, chunkBytes(5000), kv(5000))).toBe('stored'),
    ));
});
