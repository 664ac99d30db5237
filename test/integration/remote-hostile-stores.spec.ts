import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineStatus } from '../../src/modules/engine/cache-engine.interface.js';
import { LM_REQUEST_BYTES } from '../../src/protocols/lm/lm-message.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { afterGreeting, ScriptedServer, type ScriptedSocket } from '../support/lm-scripted-server.js';

const MIB = 1024 * 1024;
/** What a store may make the process grow by beyond its arena. */
const MAX_GROWTH_BYTES = 100 * MIB;
const A_MIB = Buffer.alloc(MIB, 'x');
const OPTIONS = { retries: 0, breaker_failures: 1_000_000, timeout_ms: 300, lookup_timeout_ms: 300 };
const KEY = 'org%2Fmodel@1@0@abc@half';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-hostile-stores-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function startServer(url: string): Promise<KvnestProcess> {
  const tiers = [
    { type: 'memory', capacity: '64MiB' },
    { name: 'far', type: 'remote', url, options: OPTIONS },
  ];
  return KvnestProcess.start(await writeConfig(folder, { tiers }));
}

async function rssBytes(server: KvnestProcess): Promise<number> {
  return ((await server.status()) as unknown as EngineStatus & { readonly rssBytes: number }).rssBytes;
}

async function statusOf(server: KvnestProcess): Promise<number> {
  const response = await fetch(`${server.httpUrl}/v1/objects/${KEY}`);
  await response.arrayBuffer();
  return response.status;
}

/** Reads a chunk that only the store could have. @returns the status, and what the process grew by meanwhile. */
async function read(server: KvnestProcess): Promise<readonly [status: number, grownBytes: number]> {
  const before = await rssBytes(server);
  const ended = new AbortController();
  const asked = statusOf(server).finally(() => ended.abort());
  let peak = before;
  while (!ended.signal.aborted) peak = Math.max(peak, await rssBytes(server));
  return [await asked, peak - before];
}

/** Writes until the other side hangs up; others have their turn in between, however fast it reads. */
async function pour(target: Socket | ServerResponse): Promise<void> {
  const forever = async function* (): AsyncIterable<Buffer> {
    for (;;) {
      yield A_MIB;
      await setImmediate();
    }
  };
  await pipeline(Readable.from(forever()), target).catch(() => undefined);
}

/** Fakes, because no real server does this. What they say is a miss, and memory stays bounded. */
describe('a server of lm:// that means harm', () => {
  const ints = (...values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
  let reply: Buffer;
  let store: ScriptedServer;
  let server: KvnestProcess;

  beforeAll(async () => {
    const answer = async (client: ScriptedSocket): Promise<void> => {
      for (;;) {
        await client.bytes(LM_REQUEST_BYTES);
        client.send(reply);
        await pour(client.socket);
      }
    };
    store = await ScriptedServer.start(afterGreeting(answer), answer);
    server = await startServer(`lm://127.0.0.1:${store.port}?keys=any`);
  });
  afterAll(async () => {
    await server.stop();
    await store[Symbol.asyncDispose]();
  });

  it.each([
    ['a chunk of 2 GiB', ints(200, 2 ** 31 - 1, 1, 1, 2, 36, 256, 1024, 0)],
    ['a chunk of 500 MiB, which the arena has not', ints(200, 500 * MIB, 1, 1, 500 * MIB, 0, 0, 0, 0)],
    ['a chunk of negative length', ints(200, -5, 1, 1, 1, 0, 0, 0, 0)],
    ['a chunk of negative shape', ints(200, 5, 1, 1, -1, 0, 0, 0, 0)],
    ['no chunk, and bytes without end', ints(400, 0, 1, 1, 0, 0, 0, 0, 0)],
    ['a code that is none', ints(201, 0, 1, 1, 0, 0, 0, 0, 0)],
    ['half of a header', Buffer.alloc(17)],
  ])('gives %s', async (_, given) => {
    reply = given;
    const [status, grown] = await read(server);
    expect(status).toBe(404);
    expect(grown).toBeLessThan(MAX_GROWTH_BYTES);
  });
});

describe('an S3 that means harm', () => {
  const LIST =
    '<?xml version="1.0"?><ListBucketResult><Name>kv</Name><IsTruncated>false</IsTruncated></ListBucketResult>';
  let answer: (response: ServerResponse) => void;
  let server: KvnestProcess;
  const store = createServer(({ url = '' }, response) => {
    response.on('error', () => undefined);
    if (url.includes('list-type')) response.end(LIST);
    else answer(response);
  });
  const visited: string[] = [];
  const victim = createServer(({ url = '' }, response) => {
    visited.push(url);
    response.end();
  });

  beforeAll(async () => {
    for (const each of [store, victim]) await once(each.listen(0, '127.0.0.1'), 'listening');
    const { port } = store.address() as AddressInfo;
    server = await startServer(
      `s3://kv?endpoint=http://127.0.0.1:${port}&region=x&access_key_id=a&secret_access_key=b`,
    );
  });
  afterAll(async () => {
    await server.stop();
    for (const each of [store, victim]) {
      each.closeAllConnections();
      each.close();
    }
  });

  const endless =
    (status: number, headers: Record<string, string> = {}) =>
    (response: ServerResponse) => {
      response.writeHead(status, headers);
      void pour(response);
    };
  it.each([
    ['an object of 10 GB', endless(200, { 'content-length': '10000000000' })],
    ['an object of more bytes than there are', endless(200, { 'content-length': '9007199254740993000' })],
    ['an object without length and end', endless(200)],
    ['an error without end', endless(500, { 'content-type': 'application/xml' })],
    ['a message without end that there is nothing', endless(404)],
    [
      'a sealed chunk that is none',
      (response: ServerResponse) => response.end(Buffer.alloc(100_000, 'KVC1')),
    ],
  ])('gives %s', async (_, given) => {
    answer = given;
    const [status, grown] = await read(server);
    expect(status).toBe(404);
    expect(grown).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it.each([301, 302, 307])('sends on with %i: nobody follows', async (status) => {
    const location = `http://127.0.0.1:${(victim.address() as AddressInfo).port}/steal`;
    answer = (response) => response.writeHead(status, { location, 'x-amz-bucket-region': 'elsewhere' }).end();
    expect((await read(server))[0]).toBe(404);
    expect(visited).toEqual([]);
  });
});
