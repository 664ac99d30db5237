import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KvError } from '../../src/common/errors/kv-error.js';
import { type EngineStatus } from '../../src/modules/engine/cache-engine.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { HostileRespServer, type HostileReply } from '../support/hostile-resp-server.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { RemoteWorld } from '../support/remote-world.js';

const MIB = 1024 * 1024;
/** What a store may make the process grow by beyond its arena. */
const MAX_GROWTH_BYTES = 160 * MIB;
const A_MIB = Buffer.alloc(MIB, 'x');

const bulk = (bytes: Uint8Array | string): Buffer =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), Buffer.from(bytes), Buffer.from('\r\n')]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-hostile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function* forever(start: string, part: string | Buffer): Iterable<string | Buffer> {
  yield start;
  for (;;) yield part;
}

const OPTIONS = { retries: 0, breaker_failures: 1_000_000, timeout_ms: 200, lookup_timeout_ms: 200 };

async function rssBytes(server: KvnestProcess): Promise<number> {
  return ((await server.status()) as unknown as EngineStatus & { readonly rssBytes: number }).rssBytes;
}

/**
 * Fakes, because no real server does this. What they say must cost a miss and a bounded time, and memory that is
 * bounded, too.
 */
describe('a store that speaks RESP and means harm', () => {
  let store: HostileRespServer;
  let server: KvnestProcess;
  let beforeBytes: number;

  beforeAll(async () => {
    store = await HostileRespServer.start();
    const url = `redis://127.0.0.1:${store.port}`;
    const tiers = [
      { type: 'memory', capacity: '64MiB' },
      { name: 'pairs', type: 'remote', url, options: OPTIONS },
      { name: 'sealed', type: 'remote', url: `${url}?layout=sealed`, options: OPTIONS },
      { name: 'plain', type: 'remote', url: `resp://127.0.0.1:${store.port}`, options: OPTIONS },
    ];
    server = await KvnestProcess.start(await writeConfig(folder, { tiers }));
    await fetch(`${server.httpUrl}/v1/objects/kept`, {
      method: 'PUT',
      body: 'a value',
      headers: { 'content-type': 'application/octet-stream' },
    });
    for (let i = 0; i < 3; i++) await get('warm');
    beforeBytes = await rssBytes(server);
  });
  afterAll(async () => {
    await server.stop();
    await store[Symbol.asyncDispose]();
  });

  async function get(key: string): Promise<number> {
    const response = await fetch(`${server.httpUrl}/v1/objects/${key}`);
    await response.arrayBuffer();
    return response.status;
  }

  /** Asks for as many chunks as one question has. */
  async function exists(): Promise<number> {
    const keys = Array.from({ length: 256 }, (_, i) => `k${i}`);
    const response = await fetch(`${server.httpUrl}/v1/objects/exists`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ keys }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  const lies: readonly (readonly [string, () => HostileReply])[] = [
    ['a line without end', () => forever('+', A_MIB)],
    ['a length without end', () => forever('$', '1'.repeat(65_536))],
    ['a value of 10 GB', () => forever('$10000000000\r\n', A_MIB)],
    ['a value of 500 MB', () => forever('$500000000\r\n', A_MIB)],
    ['values of 60 MB without end', () => forever('', bulk(Buffer.alloc(60_000_000)))],
    ['arrays in arrays without end', () => forever('', '*1\r\n'.repeat(65_536))],
    ['an array without end', () => forever('*2147483647\r\n', ':1\r\n'.repeat(65_536))],
    ['a map without end', () => forever('%2147483647\r\n', ':1\r\n'.repeat(65_536))],
    ['attributes without end', () => forever('', '|1\r\n+a\r\n+b\r\n'.repeat(4_096))],
    ['pushes without end', () => forever('', '>1\r\n+a\r\n'.repeat(4_096))],
    ['answers that nobody asked for', () => forever('', ':1\r\n'.repeat(65_536))],
    ['a negative length', () => '$-2\r\n'],
    ['a number of 40 digits', () => `:${'9'.repeat(40)}\r\n`],
    ['a blob error of 60 MB', () => forever('!60000000\r\n', A_MIB)],
  ];

  it.each(lies)('gives %s', async (_, reply) => {
    store.answer = reply;
    let peakBytes = 0;
    const asked = Promise.all([exists(), ...Array.from({ length: 4 }, (_key, i) => get(`key-${i}`))]);
    while ((await Promise.race([asked, Promise.resolve('not yet')])) === 'not yet') {
      peakBytes = Math.max(peakBytes, await rssBytes(server));
      expect(await get('kept')).toBe(200);
    }
    expect(await asked).toEqual([200, 404, 404, 404, 404]);
    expect(peakBytes - beforeBytes).toBeLessThan(MAX_GROWTH_BYTES);
  });
});

const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');
const BODY = Buffer.alloc(2_000, 'b');
const ints = (...values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);

describe('a Redis that means harm', () => {
  let store: HostileRespServer;
  let world: RemoteWorld;

  beforeEach(async () => {
    store = await HostileRespServer.start();
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    const references = await world.close();
    expect(references).toBe(0);
  });

  const open = async (scheme = 'redis', parameters = ''): Promise<void> => {
    world = await RemoteWorld.open(`${scheme}://:pw@127.0.0.1:${store.port}${parameters}`);
  };
  const read = (): Promise<unknown> => world.read(KEY).catch((error: unknown) => (error as KvError).code);

  it.each([
    ['of another length', ints(BODY.length + 1, 2, 0, BODY.length, 0, 0, 0)],
    ['with a negative length', ints(-1, 2, 0, BODY.length, 0, 0, 0)],
    ['with a negative shape', ints(BODY.length, 2, 0, -5, 0, 0, 0)],
    ['of 1,000 groups, of another length', Buffer.alloc(8 + 20 * 1_000)],
    ['that is empty', Buffer.alloc(0)],
    ['that is text', Buffer.from('not a struct of integers')],
  ])('has metadata %s: the chunk is corrupt', async (_, metadata) => {
    await open();
    store.answer = (name, [key = '']) =>
      name === 'PTTL'
        ? ':-1\r\n'
        : name === 'DEL'
          ? ':1\r\n'
          : bulk(key.endsWith('metadata') ? metadata : BODY);
    expect(await read()).toBe('corrupt');
  });

  it.each(['lmcache', 'sealed'])('gives two values where there is one, layout %s', async (layout) => {
    await open('redis', `?layout=${layout}`);
    const metadata = ints(BODY.length, 2, 0, BODY.length, 0, 0, 0);
    store.answer = (name, [key = '']) => {
      if (name === 'PTTL') return ':-1\r\n';
      return key.endsWith('metadata')
        ? bulk(metadata)
        : Buffer.concat([Buffer.from('*2\r\n'), bulk(BODY), bulk(BODY)]);
    };
    expect(await read()).toBe('corrupt');
    expect(world.arena.usage().references).toBe(0);
  });

  it('gives a value and sends on, both at once', async () => {
    const slots = (): Buffer =>
      Buffer.concat([
        Buffer.from('*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n'),
        Buffer.from(`:${store.port}\r\n`),
      ]);
    store.answer = slots;
    await open('redis-cluster');
    const metadata = ints(BODY.length, 2, 0, BODY.length, 0, 0, 0);
    store.answer = (name, [key = '']) =>
      name === 'CLUSTER'
        ? slots()
        : name === 'PTTL'
          ? `-MOVED 1 127.0.0.1:${store.port}\r\n`
          : bulk(key.endsWith('metadata') ? metadata : BODY);
    await read();
    expect(world.arena.usage().references).toBe(0);
  });

  it.each([
    ['slots without end', '*3\r\n:0\r\n:9007199254740991\r\n*2\r\n$1\r\na\r\n:1\r\n'],
    ['ports that are none', '*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n:70000\r\n'],
  ])('names %s', async (_, range) => {
    store.answer = () => `*1\r\n${range}`;
    world = await RemoteWorld.create(`redis-cluster://127.0.0.1:${store.port}`);
    expect(await errorOf(() => world.connector.connect())).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
  });

  it.each(['MOVED', 'ASK'])('answers %s, and is in no cluster: nobody follows', async (kind) => {
    await using victim = await HostileRespServer.start();
    await open();
    store.answer = () => `-${kind} 1 127.0.0.1:${victim.port}\r\n`;
    expect(await read()).toBe('KV_REMOTE_FAILED');
    expect(await world.put({ key: KEY }).catch((error: unknown) => (error as KvError).code)).toBe(
      'KV_REMOTE_FAILED',
    );
    expect(await errorOf(() => world.connector.exists(KEY))).toMatchObject({ code: 'KV_REMOTE_FAILED' });
    expect(victim.commands).toEqual([]);
  });

  it('names keys that are none', async () => {
    await open();
    const names = [
      '\u0000metadata',
      'a\r\nb@metadata',
      '\u001b[2Jmetadata',
      'metadata',
      '../../x/metadata',
      'kvnest:9:zzmetadata',
    ];
    store.answer = () =>
      Buffer.concat([
        Buffer.from('*2\r\n'),
        bulk('0'),
        Buffer.from(`*${names.length + 2}\r\n`),
        ...names.map(bulk),
        Buffer.from(':7\r\n*0\r\n'),
      ]);
    const page = await world.connector.list('', 100);
    expect(page).toEqual({ keys: [ChunkKey.of('../../x/')], cursor: '' });
  });
});
