import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';

interface Page {
  readonly keys: readonly {
    readonly key?: string;
    readonly key_base64?: string;
    readonly namespace: number;
  }[];
  readonly cursor: string | null;
}

let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer();
  for (let i = 0; i < 25; i++) await put(ChunkKey.of(`key "${i}"`));
  await put(ChunkKey.of('elsewhere', 9));
  await put(new ChunkKey(Buffer.from([0, 255])));
  await put(ChunkKey.of('two\nlines'));
});
afterAll(() => server.close());

async function put(key: ChunkKey): Promise<void> {
  const room = await server.engine.reserve(key, 0);
  if ('refused' in room) throw new Error(room.refused);
  using reservation = room;
  await reservation.commit({ checksum: 0 });
}

async function scan(body: object): Promise<Page & { readonly error?: { readonly code: string } }> {
  const response = await fetch(`${server.url}/v1/objects/scan`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Page;
}

async function scanAll(body: object): Promise<readonly string[]> {
  const keys: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await scan({ ...body, ...(cursor !== null && { cursor }) });
    for (const { key, key_base64: base64, namespace } of page.keys)
      keys.push(`${namespace} ${key ?? `base64 ${base64}`}`);
    ({ cursor } = page);
  } while (cursor !== null);
  return [...new Set(keys)].sort();
}

const TEXTS = Array.from({ length: 25 }, (_, i) => `0 key "${i}"`);
const NO_TEXTS = [
  `0 base64 ${Buffer.from([0, 255]).toString('base64')}`,
  `0 base64 ${Buffer.from('two\nlines').toString('base64')}`,
];

it.each([1, 7, 1000])('names every key of a namespace, in pages of %i', async (count) => {
  expect(await scanAll({ namespace: 0, count })).toEqual([...TEXTS, ...NO_TEXTS].sort());
  expect(await scanAll({ namespace: 9, count })).toEqual(['9 elsewhere']);
  expect(await scanAll({ namespace: 4, count })).toEqual([]);
});

it('names the keys of all namespaces when none is named', async () => {
  expect(await scanAll({})).toEqual([...TEXTS, ...NO_TEXTS, '9 elsewhere'].sort());
});

it.each([{ cursor: 'x' }, { cursor: 7 }, { cursor: '-1' }, { count: 0 }, { count: 1001 }, { keys: [] }])(
  'refuses %j',
  async (body) => expect((await scan(body)).error?.code).toBe('KV_INPUT_INVALID'),
);

it('ends with a cursor that was never given', async () => {
  expect(await scan({ cursor: '999999999999999' })).toMatchObject({ cursor: null });
});
