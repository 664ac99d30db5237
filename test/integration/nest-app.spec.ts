import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectEventually } from '../support/eventually.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { buildNestApp, NestApp } from '../support/nest-app.js';
import { SeededRandom } from '../support/seeded-random.js';

const CHUNK_TOKENS = 256;
/** Chunks that take a while to compute. */
const LONG = 60;
const KEYS = { alice: 'key-of-alice', bob: 'key-of-bob' };
const SETTINGS = { API_KEYS: `alice:${KEYS.alice},bob:${KEYS.bob}`, PREFILL_COST: '11' };

/** Two instances of `examples/nest-app` and a server, each in a process of its own. */
describe('examples/nest-app', () => {
  const random = new SeededRandom(61);
  let folder: string;
  let kvnest: KvnestProcess;
  let port: number;
  let first: NestApp;
  let second: NestApp;

  /** Text of whole chunks: a token is a byte, and two newlines follow a document. */
  const makeDocument = (chunks: number): string =>
    random
      .bytes(CHUNK_TOKENS * chunks)
      .toString('base64')
      .slice(0, CHUNK_TOKENS * chunks - 2);

  /** With the data of the last one; the first finds a free port, which the others take. */
  const startKvnest = async (): Promise<void> => {
    const doors = { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp: { port }, nest: false };
    const tiers = [
      { type: 'memory', capacity: '64MiB' },
      { type: 'disk', capacity: '64MiB' },
    ];
    kvnest = await KvnestProcess.start(await writeConfig(folder, { doors, tiers }));
    const [, found] = /tcp +kvnest:\/\/[\d.]+:(\d+)/.exec(kvnest.output) ?? [];
    port = Number(found);
  };

  const storedChunks = async (): Promise<number> => {
    const status = (await kvnest.status()) as unknown as { readonly counters: { readonly stored: number } };
    return status.counters.stored;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-nest-app-'));
    port = 0;
    await buildNestApp();
    await startKvnest();
    const settings = { ...SETTINGS, KVNEST_URL: `kvnest://127.0.0.1:${port}` };
    [first, second] = await Promise.all([NestApp.start(settings), NestApp.start(settings)]);
  });

  afterAll(async () => {
    await Promise.all([first.stop(), second.stop(), kvnest.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('does not compute what another instance has computed', async () => {
    const document = makeDocument(6);
    const cold = await first.ask(document, 'Why?', KEYS.alice);
    expect(cold).toMatchObject({
      promptTokens: 6 * CHUNK_TOKENS + 4,
      tokensFromCache: 0,
      tokensComputed: 6 * CHUNK_TOKENS + 4,
      chunksStored: 6,
    });

    const same = await second.ask(document, 'Why?', KEYS.alice);
    expect(same).toMatchObject({ tokensFromCache: 6 * CHUNK_TOKENS, tokensComputed: 4, chunksStored: 0 });
    expect(same.answer).toBe(cold.answer);
    expect(same.pid).not.toBe(cold.pid);

    const other = await second.ask(document, 'How?', KEYS.alice);
    expect(other).toMatchObject({ tokensFromCache: 6 * CHUNK_TOKENS, tokensComputed: 4 });
    expect(other.answer).not.toBe(cold.answer);
  });

  it('computes from where two prompts part', async () => {
    const document = makeDocument(4);
    await first.ask(document, 'Why?', KEYS.alice);
    const changed = `${document.slice(0, 2 * CHUNK_TOKENS)}?${document.slice(2 * CHUNK_TOKENS + 1)}`;
    expect(await second.ask(changed, 'Why?', KEYS.alice)).toMatchObject({
      tokensFromCache: 2 * CHUNK_TOKENS,
      chunksStored: 2,
    });
  });

  it('gives nothing of one tenant to another, whose answer is the same all the same', async () => {
    const document = makeDocument(3);
    const ofAlice = await first.ask(document, 'Why?', KEYS.alice);
    const ofBob = await second.ask(document, 'Why?', KEYS.bob);
    expect(ofBob).toMatchObject({ tokensFromCache: 0, answer: ofAlice.answer });
  });

  it('refuses who has no key, and what is no question', async () => {
    const question = { document: 'Document', question: 'Why?' };
    const key = { authorization: `Bearer ${KEYS.bob}` };
    const statuses = async (...requests: readonly Promise<Response>[]): Promise<readonly number[]> =>
      (await Promise.all(requests)).map(({ status }) => status);
    expect(
      await statuses(first.post(question), first.post(question, { authorization: 'Bearer wrong' })),
    ).toEqual([401, 401]);
    expect(
      await statuses(
        first.post({ document: 'Document' }, key),
        first.post({ ...question, document: 7 }, key),
        first.post({ ...question, tenant: 'alice' }, key),
      ),
    ).toEqual([400, 400, 400]);
  });

  it('answers through kill -9 and a new start of kvnest as if nothing had happened', async () => {
    const document = makeDocument(8);
    const { answer } = await first.ask(document, 'Why?', KEYS.alice);
    let isOver = false;
    const askOn = async (app: NestApp): Promise<readonly string[]> => {
      const answers: string[] = [];
      while (!isOver) answers.push((await app.ask(document, 'Why?', KEYS.alice)).answer);
      return answers;
    };
    const answers = Promise.all([askOn(first), askOn(second)]);
    try {
      await interrupt();
    } finally {
      isOver = true;
    }
    const all = (await answers).flat();
    expect(new Set(all)).toEqual(new Set([answer]));
    expect(await second.ask(document, 'Why?', KEYS.alice)).toMatchObject({
      answer,
      tokensFromCache: 8 * CHUNK_TOKENS,
    });
  });

  /** In the midst of a prompt whose chunks are being computed and stored. */
  async function interrupt(): Promise<void> {
    const stored = await storedChunks();
    const long = makeDocument(LONG);
    const interrupted = first.ask(long, 'Why?', KEYS.bob);
    await expectEventually(async () => (await storedChunks()) > stored);
    await kvnest.kill();
    const { answer, chunksStored } = await interrupted;
    expect(chunksStored).toBeLessThan(LONG);

    expect(Object.values((await second.health()).kvnest)).toEqual(['down']);
    const alone = await second.ask(long, 'Why?', KEYS.bob);
    expect(alone).toMatchObject({ answer, tokensFromCache: 0, chunksStored: 0 });

    await startKvnest();
    for (const app of [first, second])
      await expectEventually(async () => Object.values((await app.health()).kvnest)[0] === 'up');
    expect(await first.ask(long, 'Why?', KEYS.bob)).toMatchObject({ answer });
    expect(await second.ask(long, 'Why?', KEYS.bob)).toMatchObject({
      answer,
      tokensFromCache: LONG * CHUNK_TOKENS,
    });
  }

  describe('without kvnest', () => {
    let silent: Server;
    const sockets = new Set<Socket>();

    beforeAll(async () => {
      silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
      await once(silent, 'listening');
    });

    afterAll(() => {
      silent.close();
      for (const socket of sockets) socket.destroy();
    });

    it.each([
      ['nobody listens', () => 1],
      ['who listens says nothing', () => (silent.address() as AddressInfo).port],
    ])('starts where %s, and computes', async (_, portOf) => {
      await using app = await NestApp.start({ ...SETTINGS, KVNEST_URL: `kvnest://127.0.0.1:${portOf()}` });
      expect(await app.ask('Document', 'Why?', KEYS.alice)).toMatchObject({ tokensFromCache: 0 });
      expect(await app.health()).toEqual({ status: 'ok', kvnest: { [`127.0.0.1:${portOf()}`]: 'down' } });
    });
  });

  it('answers what is in flight when it is told to end', async () => {
    const stored = await storedChunks();
    const asked = second.ask(makeDocument(60), 'Why?', KEYS.alice);
    await expectEventually(async () => (await storedChunks()) > stored);
    const ended = second.stop();
    expect(await asked).toMatchObject({ tokensFromCache: 0, chunksStored: 60 });
    expect(await ended).toBe('SIGTERM');
  });
});
