import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openApiDocument } from '../../src/modules/doors/http/open-api.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';

const OPEN_API_FILE = join(import.meta.dirname, '../../docs/generated/openapi.json');

let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer({ config: { auth: { token: 'a secret' } } });
});

afterAll(async () => {
  await server.close();
});

const AUTHORIZED = { authorization: 'Bearer a secret' };

function url(path: string): string {
  return `${server.url}${path}`;
}

describe('auth', () => {
  it('asks for the token on every route that shows or changes data', async () => {
    const paths = [
      '/v1/status',
      '/status',
      '/metrics',
      '/v1/objects/a',
      '/nothing',
      '/healthcheck/../v1/status',
    ];
    for (const path of paths) {
      const response = await fetch(url(path));
      expect([response.status, await response.json()]).toMatchObject([
        401,
        { error: { code: 'KV_AUTH_REQUIRED' } },
      ]);
    }
  });

  it.each(['Bearer wrong', 'Basic YTpi', 'Bearer', 'a secret'])('refuses %s', async (authorization) => {
    const response = await fetch(url('/v1/status'), { headers: { authorization } });
    expect([response.status, await response.json()]).toMatchObject([
      401,
      { error: { code: 'KV_AUTH_WRONG' } },
    ]);
  });

  it.each(['/health/live', '/health/ready', '/healthcheck', '/docs', '/docs-json'])(
    'leaves %s open',
    async (path) => {
      expect((await fetch(url(path))).status).toBe(200);
    },
  );
});

describe('status', () => {
  it.each(['/v1/status', '/status'])('%s tells what the server does, and no secret', async (path) => {
    const text = await (await fetch(url(path), { headers: AUTHORIZED })).text();
    expect(JSON.parse(text)).toMatchObject({
      status: 'ready',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uptimeSeconds: expect.any(Number),
      draining: false,
      tiers: [{ name: 'memory' }],
      arena: { references: 0 },
      doors: [{ name: 'http', address: `127.0.0.1:${server.port}` }],
    });
    expect(text).not.toContain('a secret');
  });
});

describe('metrics', () => {
  it('parse, count, and have units in their names', async () => {
    await fetch(url('/v1/objects/metered'), {
      method: 'PUT',
      headers: { ...AUTHORIZED, 'content-type': 'application/octet-stream' },
      body: 'twelve bytes',
    });
    const response = await fetch(url('/metrics'), { headers: AUTHORIZED });
    expect(response.headers.get('content-type')).toContain('text/plain');
    const samples = parseMetrics(await response.text());
    expect(samples.get('kvnest_received_bytes_total')).toBe(12);
    expect(samples.get('kvnest_tier_chunks{tier="memory",type="memory"}')).toBe(1);
    expect(samples.get('kvnest_door_connections{door="http"}')).toBeGreaterThan(0);
    expect(
      samples.get('kvnest_http_request_seconds_count{method="PUT",route="/v1/objects/:key",status="200"}'),
    ).toBe(1);
    expect([...samples.keys()].filter((name) => !name.startsWith('kvnest_'))).toEqual([]);
  });

  it('are read anew at each scrape', async () => {
    const scrape = async (): Promise<Map<string, number>> =>
      parseMetrics(await (await fetch(url('/metrics'), { headers: AUTHORIZED })).text());
    const before = (await scrape()).get('kvnest_gets_total') ?? NaN;
    await fetch(url('/v1/objects/none'), { headers: AUTHORIZED });
    expect((await scrape()).get('kvnest_gets_total')).toBe(before + 1);
  });
});

/** Every sample of an exposition; throws for a line that is none. */
function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-z_]+ /.test(line)) continue;
    const match = /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line);
    if (match?.[1] === undefined) throw new Error(`not a sample: ${line}`);
    samples.set(match[1], Number(match[2]));
  }
  return samples;
}

describe('OpenAPI', () => {
  it('describes every route, as docs/generated/openapi.json has it', async () => {
    const text = `${JSON.stringify(await openApiDocument(server.app), undefined, 2)}\n`;
    if (process.env['KVNEST_UPDATE_DOCS'] === '1') writeFileSync(OPEN_API_FILE, text);
    expect(JSON.parse(readFileSync(OPEN_API_FILE, 'utf8'))).toEqual(JSON.parse(text));
  });

  it('has a page, and files of it, which are there when they are asked for', async () => {
    const page = await fetch(url('/docs'));
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('./docs/swagger-ui-bundle.js');
    const types = {
      'swagger-ui-bundle.js': 'javascript',
      'swagger-ui.css': 'css',
      'swagger-ui-init.js': 'javascript',
    };
    for (const [file, type] of Object.entries(types)) {
      const response = await fetch(url(`/docs/${file}`));
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining(type),
      ]);
    }
    expect(await (await fetch(url('/docs-yaml'))).text()).toMatch(/^openapi: /);
    const missing = await fetch(url('/docs/nothing'));
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: 'KV_NOT_FOUND' } }]);
  });

  it('says of every operation what it is for and what it answers', async () => {
    const { paths } = await openApiDocument(server.app);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { summary?: string; responses?: object }>).map(
        ([method, { summary, responses }]) => ({ name: `${method} ${path}`, summary, responses }),
      ),
    );
    expect(operations.length).toBeGreaterThan(20);
    expect(operations.filter(({ summary }) => (summary ?? '') === '').map(({ name }) => name)).toEqual([]);
    expect(operations.filter(({ responses }) => Object.keys(responses ?? {}).length === 0)).toEqual([]);
  });
});
