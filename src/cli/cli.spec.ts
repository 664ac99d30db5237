import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { main } from '../cli.js';
import { type CliIo } from './cli-io.interface.js';

interface Outcome {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

async function kvnest(argv: readonly string[], env: CliIo['env'] = {}): Promise<Outcome> {
  let out = '';
  let err = '';
  const code = await main(argv, { env, out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

describe('kvnest', () => {
  it.each([
    [['--help']],
    [[]],
    [['help']],
    [['serve', '--help']],
    [['status', '-h']],
    [['doctor', '--help']],
  ])('%p helps', async (argv) => {
    const { code, out, err } = await kvnest(argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Usage: kvnest');
  });

  it('tells its version', async () => {
    expect(await kvnest(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  it.each([
    ['an unknown command', ['sevre'], 'serve'],
    ['an unknown option', ['status', '--ulr', 'x'], '--ulr'],
    ['a mistake in the configuration', ['serve', '--set', 'chunk_sze=1'], 'chunk_size'],
    ['several of them', ['config', '--set', 'doors.http.port=x', '--set', 'lease_ms=y'], 'lease_ms'],
  ])('answers %s with 2, the near word, the code and no stack', async (_, argv, word) => {
    const { code, out, err } = await kvnest(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(word);
    expect(err).toMatch(/\n\(KV_(CLI_USAGE|CONFIG_INVALID) in docs\/errors\.md\)\n$/);
    expect(err).not.toContain('at ');
  });

  it('shows the stack with --debug', async () => {
    const { err } = await kvnest(['config', '--debug', '--set', 'a=b']);
    expect(err).toMatch(/\n\s+at /);
  });
});

describe('kvnest config', () => {
  it('prints what is in force, hides secrets, and says where it was given', async () => {
    const { code, out, err } = await kvnest(['config', '--set', 'chunk_size=64'], {
      KVNEST_AUTH_TOKEN: 'hush',
      KVNEST_PORT: 'tcp://1',
    });
    expect(code).toBe(0);
    expect(out).toContain('chunkTokens: 64');
    expect(out).toContain('# chunk_size: --set chunk_size');
    expect(out).toContain('# auth.token: KVNEST_AUTH_TOKEN');
    expect(err).toContain('KVNEST_PORT');
    expect(out + err).not.toContain('hush');
  });
});

describe('kvnest status', () => {
  let server: Server | undefined;

  afterEach(() => void server?.close());

  async function answering(
    status: number,
    body: object,
  ): Promise<{ url: string; authorizations: unknown[] }> {
    const authorizations: unknown[] = [];
    server = createServer((request, response) => {
      authorizations.push(request.headers.authorization);
      response.writeHead(request.url === '/v1/status' ? status : 404).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, authorizations };
  }

  const STATUS = {
    status: 'ready',
    version: '0.1.0',
    uptimeSeconds: 90_061,
    rssBytes: 2 ** 28,
    plugins: [
      { name: 'a.py', state: 'running', restarts: 0 },
      { name: 'b.sh', state: 'failed', restarts: 5 },
      { name: 'c.sh', state: 'running', restarts: 1 },
    ],
    arena: { capacityBytes: 2 ** 30, freeBytes: 2 ** 29, references: 0, native: true },
    doors: [{ name: 'http', address: '127.0.0.1:8080', connections: 3, counters: {} }],
    counters: {
      lookups: 1,
      lookupTokens: 512,
      hitTokens: 256,
      gets: 3,
      hits: 2,
      misses: 1,
      puts: 5,
      stored: 4,
      refused: { busy: 1 },
      bytesIn: 2 ** 20,
      bytesOut: 2 ** 21,
    },
    tiers: [
      {
        name: 'nvme',
        type: 'disk',
        healthy: false,
        capacityBytes: 2 ** 33,
        usedBytes: 2 ** 32,
        chunks: 12,
        hits: 7,
        evictions: 9,
        pinnedBytes: 0,
      },
      {
        name: 'shared',
        type: 'remote',
        healthy: true,
        capacityBytes: 0,
        usedBytes: 0,
        chunks: 0,
        hits: 3,
        evictions: 0,
        pinnedBytes: 0,
      },
    ],
  };

  it('shows tiers, doors and traffic', async () => {
    const { url } = await answering(200, STATUS);
    const { code, out } = await kvnest(['status', '--url', url]);
    expect(code).toBe(0);
    expect(out).toMatch(/kvnest +0\.1\.0, ready, up 1d 01:01:01/);
    expect(out).toMatch(/http +127\.0\.0\.1:8080 +3/);
    expect(out).toMatch(/nvme +disk +failing +4 GiB of 8 GiB +12 +7 +9/);
    expect(out).toMatch(/shared +remote +ok +- +- +3 +- +-/);
    expect(out).toMatch(/plugins +2 running, 1 failed/);
    expect(out).toMatch(/puts +5 \(4 stored, 1 refused\), 1 MiB in/);
    expect(out).toMatch(/lookups +1 \(256 of 512 tokens hit\)/);
  });

  it('takes an address without a scheme', async () => {
    const { url } = await answering(200, STATUS);
    expect(await kvnest(['status', '--url', url.replace('http://', '')])).toMatchObject({ code: 0 });
  });

  it('prints the answer as it came with --json, and sends the token', async () => {
    const { url, authorizations } = await answering(200, STATUS);
    const { out } = await kvnest(['status', '--json', '--url', url], { KVNEST_AUTH_TOKEN: 'hush' });
    expect(JSON.parse(out)).toEqual(STATUS);
    expect(authorizations).toEqual(['Bearer hush']);
  });

  it.each([401, 404, 503])('answers %d with 1 and a remedy', async (status) => {
    const { url } = await answering(status, {});
    const { code, err } = await kvnest(['status', '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain(String(status));
  });

  it.each(['http://127.0.0.1:1', 'nonsense'])('answers with 1 when nobody is at %s', async (url) => {
    expect(await kvnest(['status', '--url', url])).toMatchObject({ code: 1, out: '' });
  });
});

describe('kvnest doctor', () => {
  const SETTINGS = [
    'arena.native=false',
    'max_local_cpu_size=0.01',
    `data_dir=${tmpdir()}`,
    'doors.http.port=0',
    'doors.lm.port=0',
    'doors.tcp.port=0',
    'doors.nest.port=0',
  ];
  const base = ['doctor', ...SETTINGS.flatMap((setting) => ['--set', setting]), '--set', 'doors.resp.port=0'];

  it('finds a good machine good', async () => {
    const { code, out } = await kvnest(base);
    expect({ code, out }).toEqual({ code: 0, out: expect.not.stringContaining('fail') });
    expect(out).toMatch(/ok +Node/);
    expect(out).toMatch(/ok +door resp/);
    expect(out).toMatch(/tier disk: .* is on \w+/);
  });

  it('fails for a taken port, memory that is not there and a directory that cannot be', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const bad = [`doors.http.port=${port}`, 'max_local_cpu_size=1000000', 'local_disk=/proc/kvnest'];
    const { code, out } = await kvnest([...base, ...bad.flatMap((setting) => ['--set', setting])]);
    server.close();
    expect(code).toBe(1);
    expect(out).toMatch(/fail +door http/);
    expect(out).toMatch(/fail +memory/);
    expect(out).toMatch(/(fail|warn) +tier disk/);
  });

  it('reads the files of TLS', async () => {
    const here = fileURLToPath(import.meta.url);
    const settings = [`doors.tcp.tls_cert=${here}`, `doors.tcp.tls_key=${here}.absent`];
    const { code, out } = await kvnest([...base, ...settings.flatMap((setting) => ['--set', setting])]);
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringMatching(/fail +door tcp: .*tls_key.*ENOENT/),
    });
  });

  it('asks the stores of remote tiers whether they answer, and shows no password', async () => {
    const doctor = (url: string): ReturnType<typeof kvnest> =>
      kvnest([...base, '--set', `remote_url=${url}`]);
    expect((await doctor('loopback://:sekret@a')).out).toMatch(
      /ok +tier remote: loopback:\/\/a \(.*round trip.*\) answers/,
    );
    const away = await doctor('redis://:sekret@127.0.0.1:1?retries=0');
    expect(away).toMatchObject({
      code: 0,
      out: expect.stringMatching(/warn +.*"remote".*cannot be reached/) as unknown,
    });
    expect(away.out).toContain('The server starts without it');
    const wrong = await doctor('redis://:sekret@127.0.0.1?layuot=sealed');
    expect(wrong).toMatchObject({ code: 1, out: expect.stringMatching(/fail +.*layuot.*layout/) as unknown });
    expect(away.out + wrong.out).not.toContain('sekret');
  });

  it('reports a wrong configuration and checks nothing further', async () => {
    const { code, out } = await kvnest(['doctor', '--set', 'chunk_size=0']);
    expect(code).toBe(1);
    expect(out).toMatch(/fail .*configuration/);
    expect(out).not.toContain('door');
  });
});
