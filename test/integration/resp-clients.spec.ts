import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { createTestRespDoor, type TestRespDoor, type TestRespDoorOptions } from '../support/resp-door.js';

const run = promisify(execFile);
const PYTHON = fileURLToPath(new URL('../../.cache/venv/bin/python', import.meta.url));
const STEM = 'org/model@1@0@abc@bfloat16';

/** What an application does with redis-py, and LMCache's connector: pools, pipelines, both protocols, binary values. */
const PYTHON_CLIENT = `
import os, sys, redis, asyncio
url = sys.argv[1]
stem = sys.argv[2]
value = os.urandom(3_000_000)
for protocol in (2, 3):
    r = redis.Redis.from_url(url, protocol=protocol)
    assert r.ping() is True
    assert r.set('py', value, ex=100) is True
    assert r.get('py') == value
    assert 0 < r.ttl('py') <= 100
    assert r.set('py', b'x', nx=True) is None
    assert r.get('nothing') is None
    assert r.exists('py', 'nothing', 'py') == 2
    assert r.mget('py', 'nothing') == [value, None]
    assert r.strlen('py') == len(value) and r.type('py') == b'string'
    assert r.expire('py', 200) is True
    with r.pipeline(transaction=False) as p:
        for i in range(50): p.set(f'py:{i}', bytes([i]) * 5000)
        for i in range(50): p.get(f'py:{i}')
        answers = p.execute()
    assert answers[:50] == [True] * 50 and answers[50:] == [bytes([i]) * 5000 for i in range(50)]
    assert sorted(r.scan_iter('py:*', count=7)) == sorted(f'py:{i}'.encode() for i in range(50))
    assert r.dbsize() == 51
    assert r.delete(*[f'py:{i}' for i in range(50)]) == 50
    assert r.info()['redis_mode'] == 'standalone'
    assert r.config_get('save') == {'save': ''}
    assert r.client_id() > 0 and r.client_setname('me') and r.client_getname() in (b'me', 'me')
    try: r.execute_command('LPUSH', 'a', 'b'); raise SystemExit('no error')
    except redis.ResponseError as e: assert 'unknown command' in str(e), e
    assert r.flushdb() is True and r.dbsize() == 0
    r.close()

async def lmcache():
    pool = redis.asyncio.ConnectionPool.from_url(url, max_connections=150)
    r = redis.asyncio.Redis.from_pool(pool)
    metadata = bytes(28)
    async def put(key, data):
        await r.set(key + 'kv_bytes', data)
        await r.set(key + 'metadata', metadata)
    chunks = {f'{stem}%{i}': os.urandom(200_000) for i in range(16)}
    await asyncio.gather(*[put(k, v) for k, v in chunks.items()])
    for k in chunks: assert await r.exists(k + 'metadata') == 1
    async def get(key):
        assert await r.get(key + 'metadata') == metadata
        return await r.get(key + 'kv_bytes')
    assert await asyncio.gather(*[get(k) for k in chunks]) == list(chunks.values())
    await r.aclose()
asyncio.run(lmcache())
print('ok', redis.__version__)
`;

const missing = missingCommand('redis-cli', ['--version']) ?? missingCommand(PYTHON, ['-c', 'import redis']);

describeWithPeer(missing)('RESP door: real clients', () => {
  let server: TestRespDoor;

  beforeEach(() => start());
  afterEach(() => server.close());

  async function start(options: TestRespDoorOptions = {}): Promise<void> {
    server = await createTestRespDoor(options);
  }

  async function cli(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', String(server.port), ...args]);
    return stdout.trimEnd();
  }

  it('redis-cli', async () => {
    expect(await cli('ping')).toBe('PONG');
    expect(await cli('set', 'k', 'hello world')).toBe('OK');
    expect(await cli('-3', 'get', 'k')).toBe('hello world');
    expect(await cli('-n', '3', 'get', 'k')).toBe('');
    expect(await cli('--scan', '--pattern', 'k*')).toBe('k');
    expect(await cli('info', 'server')).toContain('redis_version:7.0.15');
    expect(await cli('--bigkeys')).toContain('Biggest string found');
    expect(await cli('lpush', 'a', 'b')).toContain(
      "ERR unknown command 'lpush', with args beginning with: 'a' 'b'",
    );
  });

  it('redis-cli with a password', async () => {
    await server.close();
    await start({ token: 'secret' });
    expect(await cli('ping')).toBe('NOAUTH Authentication required.');
    expect(await cli('--no-auth-warning', '-a', 'secret', 'ping')).toBe('PONG');
  });

  it('redis-benchmark', async () => {
    const common = ['-h', '127.0.0.1', '-p', String(server.port), '-q', '-n', '1000', '-c', '10'];
    for (const extra of [
      ['-t', 'ping,set,get', '-d', '10'],
      ['-t', 'set,get', '-d', '20000', '-P', '8'],
      ['-3', '-t', 'get'],
    ]) {
      const { stdout, stderr } = await run('redis-benchmark', [...common, ...extra]).catch(
        (error: unknown) => error as { stdout: string; stderr: string },
      );
      expect(stdout).toContain('requests per second');
      expect(stderr.replace(/.*WARNING.*/g, '').trim()).toBe('');
    }
    expect(server.references()).toBe(0);
  });

  it('ioredis', async () => {
    await server.close();
    await start({ token: 'secret' });
    const redis = new Redis({
      port: server.port,
      host: '127.0.0.1',
      password: 'secret',
      db: 2,
      connectionName: 'me',
    });
    const value = Buffer.alloc(2_000_000, 'ioredis');
    try {
      expect(await redis.set('k', value, 'EX', 100)).toBe('OK');
      expect(value.equals((await redis.getBuffer('k'))!)).toBe(true);
      expect(await redis.set('k', 'x', 'NX')).toBeNull();
      expect(await redis.mget('k', 'none')).toEqual([value.toString(), null]);
      expect(await redis.exists('k', 'none')).toBe(1);
      expect(await redis.ttl('k')).toBeGreaterThan(90);
      const piped = await redis.pipeline().set('a', '1').get('a').del('a').exec();
      expect(piped).toEqual([
        [null, 'OK'],
        [null, '1'],
        [null, 1],
      ]);
      expect(await redis.client('GETNAME')).toBe('me');
      expect(await redis.scan('0')).toEqual(['0', ['k']]);
      await expect(redis.lpush('a', 'b')).rejects.toThrow("unknown command 'lpush'");
    } finally {
      redis.disconnect();
    }
  });

  it('redis-py, as applications and as LMCache use it', async () => {
    await server.close();
    await start({ token: 'secret' });
    const url = `redis://default:secret@127.0.0.1:${server.port}/1`;
    const { stdout } = await run(PYTHON, ['-c', PYTHON_CLIENT, url, STEM]);
    expect(stdout.trim()).toBe('ok 8.1.0');
    expect(server.counter('protocol_errors')).toBe(0);
    expect(server.references()).toBe(0);
  });
});
