import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { runKvnest, writeConfig } from '../support/kvnest-process.js';
import { KvnestStore } from '../support/kvnest-store.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';
import { makeCertificates, type TestCertificates } from '../support/tls-certificates.js';

const MIB = 2 ** 20;
const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');
const REFUSED = { code: 'KV_REMOTE_REFUSED', kind: 'config', retryable: false };
const PROTOCOL = { code: 'KV_REMOTE_PROTOCOL' };
const TOKEN = 's:cret/@';

let world: RemoteWorld | undefined;

afterEach(async () => {
  const references = await world?.close();
  world = undefined;
  expect(references ?? 0).toBe(0);
});

/** What comes of connecting; undefined when all is well. */
async function connecting(url: string, options: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  world = await RemoteWorld.create(url, { options });
  return errorOf(() => world!.connector.connect());
}

describe('kvnest:// to a server with a token', () => {
  let store: KvnestStore;
  beforeAll(async () => {
    store = await KvnestStore.start({ settings: { auth: { token: TOKEN } } });
  });
  afterAll(() => store[Symbol.asyncDispose]());

  it('is let in with it, in the URL or in the options', async () => {
    expect(await connecting(`kvnest://${encodeURIComponent(TOKEN)}@${store.address}`)).toBeUndefined();
    expect(await world!.put({ key: KEY, bytes: chunkBytes(5_000) })).toBe('stored');
    await world!.close();
    expect(await connecting(store.url, { token: TOKEN })).toBeUndefined();
    expect(await world!.connector.exists(KEY)).toBe(true);
  });

  it.each(['', 'wrong@'])('is refused with "%s", and says so without the token', async (user) => {
    const error = await connecting(`kvnest://${user}${store.address}`);
    expect(error).toMatchObject(REFUSED);
    expect((error as Error).message).not.toContain('wrong');
  });

  it('is refused when one of several servers does not take it', async () => {
    const open = await KvnestStore.start();
    try {
      const error = await connecting(`kvnest://wrong@${open.address},${store.address}`);
      expect(error).toMatchObject(REFUSED);
      expect((error as Error).message).toContain(`kvnest://${store.address}`);
    } finally {
      await open[Symbol.asyncDispose]();
    }
  });

  it('is told by kvnest doctor', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnest-doctor-'));
    const doctor = async (url: string): Promise<string> => {
      const config = await writeConfig(folder, {
        max_local_cpu_size: 0.01,
        local_disk: null,
        remote_url: url,
      });
      return (await runKvnest(['doctor', '--config', config])).out;
    };
    try {
      expect(await doctor(`kvnest://${encodeURIComponent(TOKEN)}@${store.address}`)).toMatch(
        /kvnest:\/\/127\.0\.0\.1:\d+ \(kvnest\/\d\S+, tiers memory; round trip \d+\.\d ms\)/,
      );
      const refused = await doctor(`kvnest://wrong@${store.address}`);
      expect(refused).toMatch(/refused: another token than that of the server/);
      expect(refused).not.toContain('wrong');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Stands before a server and makes another version of what clients say of theirs: there is no other one yet. */
async function versionChanger(port: number): Promise<Server> {
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1');
    for (const socket of [client, target]) socket.on('error', () => undefined);
    client.on('data', (bytes: Buffer) => {
      target.write(Buffer.from(bytes.toString('latin1').replace('"version":1', '"version":2'), 'latin1'));
    });
    client.on('close', () => target.destroy());
    target.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('kvnest:// to what it does not understand', () => {
  let store: KvnestStore;
  beforeAll(async () => {
    store = await KvnestStore.start({ tcp: { max_value: '1MiB' } });
  });
  afterAll(() => store[Symbol.asyncDispose]());

  /** What came in through the TCP door. */
  const bytesIn = async (): Promise<number> => {
    const response = await fetch(`${store.process.httpUrl}/v1/status`);
    const { doors } = (await response.json()) as {
      readonly doors: readonly { readonly name: string; readonly counters: { readonly bytes_in: number } }[];
    };
    return doors.find(({ name }) => name === 'tcp')!.counters.bytes_in;
  };

  it('is refused by a server of another version', async () => {
    const changer = await versionChanger(Number(store.address.split(':').at(-1)));
    try {
      const error = await connecting(`kvnest://127.0.0.1:${(changer.address() as AddressInfo).port}`);
      expect(error).toMatchObject(REFUSED);
      expect((error as Error).message).toContain('version 2');
    } finally {
      changer.close();
    }
  });

  it.each([
    ['HTTP', (): string => `kvnest://${new URL(store.process.httpUrl).host}`],
    ['no TLS', (): string => `kvnests://${store.address}`],
  ])('finds that a server speaks %s', async (_, url) => {
    expect(await connecting(url())).toMatchObject(PROTOCOL);
  });

  it('does not wait for the hello of a server that waits for more', async () => {
    const url = `kvnest://127.0.0.1:${store.process.respPort}?socket_connect_timeout_ms=50`;
    expect(await connecting(url)).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
  });

  it('does not send what is longer than the server takes, and leaves nothing older', async () => {
    expect(await connecting(store.url)).toBeUndefined();
    expect(await world!.put({ key: KEY, bytes: chunkBytes(MIB) })).toBe('stored');
    const before = await bytesIn();
    expect(await world!.put({ key: KEY, bytes: chunkBytes(MIB + 1) })).toBe('rejected');
    expect((await bytesIn()) - before).toBeLessThan(MIB);
    expect(await world!.read(KEY)).toBe('miss');
  });

  it('rejects a key that has no name there', async () => {
    expect(await connecting(store.url)).toBeUndefined();
    const key = ChunkKey.of('kvnest:'.padEnd(4096, 'x'));
    expect(await world!.put({ key })).toBe('rejected');
    expect(await world!.read(key)).toBe('miss');
    expect(await world!.connector.existsMany([key, KEY])).toEqual([false, false]);
    expect(await world!.connector.removeMany([key])).toEqual([false]);
  });
});

describe('kvnest:// to a server that is full', () => {
  let store: KvnestStore;
  beforeAll(async () => {
    store = await KvnestStore.start({ memoryGb: 0.02 });
  });
  afterAll(() => store[Symbol.asyncDispose]());
  beforeEach(async () => {
    await store.clear();
    expect(await connecting(store.url)).toBeUndefined();
  });

  it('is busy, keeps nothing older, and takes chunks again later', async () => {
    expect(await world!.put({ key: KEY, bytes: chunkBytes(100) })).toBe('stored');
    const pinned: string[] = [];
    let outcome = 'stored';
    while (outcome === 'stored') {
      const name = `pinned-${pinned.length}`;
      outcome = await world!.put({ key: ChunkKey.of(name), bytes: chunkBytes(2 * MIB) });
      if (outcome === 'stored') pinned.push(name);
      await store.post('objects/pin', { keys: [name] });
    }
    expect([outcome, pinned.length > 2]).toEqual(['busy', true]);
    expect(await world!.put({ key: KEY, bytes: chunkBytes(3 * MIB) })).toBe('busy');
    expect(await world!.read(KEY)).toBe('miss');
    await store.post('objects/unpin', { keys: pinned });
    expect(await world!.put({ key: KEY, bytes: chunkBytes(3 * MIB) })).toBe('stored');
  });

  it('rejects what could never be there', async () => {
    expect(await world!.put({ key: KEY, bytes: chunkBytes(100) })).toBe('stored');
    expect(await world!.put({ key: KEY, bytes: chunkBytes(22 * MIB) })).toBe('rejected');
    expect(await world!.read(KEY)).toBe('miss');
  });
});

describeWithPeer(missingCommand('openssl', ['version']))('kvnests://', () => {
  let folder: string;
  let ours: TestCertificates;
  let others: TestCertificates;
  let store: KvnestStore;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kvnest-tls-'));
    ours = makeCertificates(mkdtempSync(join(folder, 'ours-')));
    others = makeCertificates(mkdtempSync(join(folder, 'others-')));
    const { certificate, key } = ours.server;
    store = await KvnestStore.start({
      tcp: { tls_cert: certificate, tls_key: key, tls_client_ca: ours.authority },
    });
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const trust = ({ client }: TestCertificates = ours): Record<string, unknown> => ({
    tls_ca: ours.authority,
    tls_cert: client.certificate,
    tls_key: client.key,
  });

  it('carries chunks both ways', async () => {
    expect(store.url).toMatch(/^kvnests:/);
    expect(await connecting(store.url, trust())).toBeUndefined();
    const bytes = chunkBytes(5 * MIB + 1);
    expect(await world!.put({ key: KEY, bytes })).toBe('stored');
    const read = await world!.read(KEY);
    expectBytes(typeof read === 'string' ? read : read.bytes, bytes);
  });

  it.each([
    ['the server’s is of another authority', (): object => ({ ...trust(), tls_ca: others.authority })],
    ['the server’s is of an authority that nobody named', (): object => ({})],
    ['the server’s is for another name', (): object => ({ ...trust(), tls_servername: 'elsewhere' })],
    ['there is none of the client', (): object => ({ tls_ca: ours.authority })],
  ])('takes no certificate when %s', async (_, options) => {
    expect(await connecting(store.url, options() as Record<string, unknown>)).toMatchObject(REFUSED);
  });

  it('cannot tell why a server hangs up that does not take its certificate', async () => {
    expect(await connecting(store.url, trust(others))).toMatchObject({
      code: expect.stringMatching(/REFUSED|UNREACHABLE/),
    });
  });

  it('takes any certificate on request', async () => {
    const options = { ...trust(), tls_ca: others.authority, tls_reject_unauthorized: false };
    expect(await connecting(store.url, options)).toBeUndefined();
  });

  it('is not what kvnest:// finds there', async () => {
    expect(await connecting(`kvnest://${store.address}`)).toMatchObject({
      code: expect.stringMatching(/PROTOCOL|UNREACHABLE/),
    });
  });
});
