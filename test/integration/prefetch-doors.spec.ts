import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type StorageBackend } from '../../src/backends/storage-backend.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const KEYS = ['a', 'b', 'c'];
const BYTES = 1000;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('prefetch over HTTP', () => {
  let server: TestServer;
  let slow: ScriptedBackend;

  beforeEach(async () => {
    server = await startHttpServer({
      tiers: (parts): readonly StorageBackend[] => [(slow = new ScriptedBackend('slow', parts))],
    });
    for (const key of KEYS) {
      await put(server, ChunkKey.of(key), Buffer.alloc(BYTES), { ack: 'all' });
      await server.stack.tiers[0]?.backend.remove(ChunkKey.of(key));
    }
  });

  afterEach(async () => {
    slow.release();
    await server.close();
  });

  async function ask(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${server.url}/v1/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  const start = (body: object = { keys: KEYS }): Promise<Answer> => ask('POST', 'prefetch/keys', body);

  /** The data of server-sent events, to the end of the answer. */
  async function events(id: unknown, begun?: () => void): Promise<Record<string, unknown>[]> {
    const response = await fetch(`${server.url}/v1/jobs/${String(id)}/events`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    begun?.();
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
    return lines.map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
  }

  it('answers at once with a job that can be asked for until it is done', async () => {
    slow.hold();
    const { status, body } = await start();
    expect([status, body]).toMatchObject([202, { kind: 'prefetch', over: false, total: 3 }]);
    await expectEventually(
      async () => (await ask('GET', `jobs/${String(body['id'])}`)).body['loading'] === 3,
    );
    slow.release();
    await expectEventually(
      async () => (await ask('GET', `jobs/${String(body['id'])}`)).body['over'] === true,
    );
    expect((await ask('GET', 'jobs')).body).toMatchObject({
      jobs: [
        {
          ...{
            id: body['id'],
            state: 'done',
            total: 3,
            located: 3,
            skipped: 0,
            loading: 0,
            loaded: 3,
            failed: 0,
          },
          tiers: { slow: { located: 3, loaded: 3, bytes: 3 * BYTES } },
        },
      ],
    });
    expect(await server.engine.exists(KEYS.map((key) => ChunkKey.of(key)))).toEqual(Array(3).fill('memory'));
  });

  it('tells how far it is as server-sent events, and ends with the job', async () => {
    slow.hold();
    const { id } = (await start()).body;
    const told = events(id);
    await expectEventually(async () => (await ask('GET', `jobs/${String(id)}`)).body['loading'] === 3);
    slow.release();
    const all = await told;
    expect(all.at(-1)).toMatchObject({ over: true, state: 'done', loaded: 3 });
    expect(all[0]).toMatchObject({ over: false, loaded: 0 });
  });

  it('tells of many steps some, and the last', async () => {
    const key = ChunkKey.of('d');
    await put(server, key, Buffer.alloc(BYTES), { ack: 'all' });
    await server.stack.tiers[0]?.backend.remove(key);
    slow.hold();
    const many = Array.from({ length: 1000 }, (_, index) => `never${index}`);
    // As many as are moved at a time wait in front.
    const { body } = await ask('POST', 'move/keys', { keys: [...KEYS, 'd', ...many], to: 'memory' });
    const all = await events(body['id'], () => slow.release());
    expect(all.length).toBeLessThan(500);
    expect(all[0]).toMatchObject({ over: false, missing: 0 });
    expect(all.at(-1)).toMatchObject({ over: true, state: 'done', moved: 4, missing: 1000 });
  });

  it('tells who comes when a job is over how it ended', async () => {
    const { id } = (await start()).body;
    await expectEventually(async () => (await ask('GET', `jobs/${String(id)}`)).body['over'] === true);
    expect(await events(id)).toMatchObject([{ id, over: true, state: 'done', loaded: 3 }]);
  });

  it('is cancelled on demand', async () => {
    slow.hold();
    const { id } = (await start()).body;
    expect(await ask('DELETE', `jobs/${String(id)}`)).toMatchObject({
      status: 200,
      body: { over: true, state: 'cancelled' },
    });
    slow.release();
    await expectEventually(() => server.arena.usage().references === 0);
    expect((await ask('DELETE', `jobs/${String(id)}`)).body).toMatchObject({ state: 'cancelled' });
  });

  it('ends when the server stops, and holds up nobody', async () => {
    slow.hold();
    const { id } = (await start()).body;
    const told = events(id);
    await expectEventually(async () => (await ask('GET', `jobs/${String(id)}`)).body['loading'] === 3);
    setTimeout(() => slow.release(), 50);
    await server.close();
    expect((await told).every(({ state }) => state !== 'done')).toBe(true);
  });

  it('moves chunks as a job, too', async () => {
    const { status, body } = await ask('POST', 'move/keys', { keys: KEYS, to: 'memory', copy: true });
    expect([status, body]).toMatchObject([202, { kind: 'move', total: 3 }]);
    await expectEventually(
      async () => (await ask('GET', `jobs/${String(body['id'])}`)).body['over'] === true,
    );
    expect((await ask('GET', `jobs/${String(body['id'])}`)).body).toMatchObject({ state: 'done', moved: 3 });
    expect(await server.engine.exists(KEYS.map((key) => ChunkKey.of(key)))).toEqual(Array(3).fill('memory'));
  });

  it.each([
    ['move/keys', { keys: KEYS, to: 'moon' }, 'KV_MOVE_OPTIONS'],
    ['move/keys', { keys: KEYS }, 'KV_INPUT_INVALID'],
    ['move/prefix', { model: 'm', tokens: [1] }, 'KV_INPUT_INVALID'],
    ['prefetch/keys', { keys: KEYS, up_to: 'moon' }, 'KV_PREFETCH_OPTIONS'],
    ['prefetch/keys', { keys: KEYS, priority: 10 }, 'KV_INPUT_INVALID'],
    ['prefetch/keys', { keys: KEYS, timeout_ms: 0 }, 'KV_INPUT_INVALID'],
    ['prefetch/keys', { keys: [] }, 'KV_INPUT_INVALID'],
    ['prefetch/keys', { model: 'm', tokens: [1] }, 'KV_INPUT_INVALID'],
    ['prefetch/prefix', { model: 'm' }, 'KV_INPUT_INVALID'],
  ])('refuses POST %s with %j', async (path, body, code) => {
    expect(await ask('POST', path, body)).toMatchObject({ status: 400, body: { error: { code } } });
  });

  it('knows no job that is none', async () => {
    const unknown = { status: 404, body: { error: { code: 'KV_JOB_UNKNOWN' } } };
    expect(await ask('GET', 'jobs/nothing')).toMatchObject(unknown);
    expect(await ask('DELETE', 'jobs/nothing')).toMatchObject(unknown);
    expect(await ask('GET', 'jobs/nothing/events')).toMatchObject(unknown);
  });
});
