import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../connector-url.js';
import { readRedisSettings, type RedisSettings } from './redis-settings.js';

interface Around {
  readonly extraConfig?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

function read(
  url: string,
  options: Readonly<Record<string, unknown>> = {},
  { extraConfig = {}, env = {} }: Around = {},
): RedisSettings {
  return readRedisSettings({ tier: 'far', url: parseConnectorUrl(url), options, extraConfig }, env);
}

describe('settings of a Redis tier', () => {
  it.each<[string, Partial<RedisSettings>]>([
    [
      'redis://h',
      { mode: 'standalone', addresses: [{ host: 'h', port: 6379 }], database: 0, layout: 'lmcache' },
    ],
    ['redis://', { addresses: [{ host: '127.0.0.1', port: 6379 }] }],
    ['valkey://h:1/2', { mode: 'standalone', addresses: [{ host: 'h', port: 1 }], database: 2 }],
    ['redis://h?db=3', { database: 3 }],
    ['redis://h/1?db=3', { database: 1 }],
    ['redis://:p%40ss@h', { credentials: { user: undefined, password: 'p@ss' } }],
    ['redis://u:p@h', { credentials: { user: 'u', password: 'p' }, label: 'redis://h' }],
    ['redis://h?username=u&password=p', { credentials: { user: 'u', password: 'p' }, label: 'redis://h' }],
    ['redis://[::1]:7', { addresses: [{ host: '::1', port: 7 }] }],
    ['unix:///run/redis.sock?db=2', { addresses: [{ socketPath: '/run/redis.sock' }], database: 2 }],
    ['unix://u:p@/run/redis.sock', { credentials: { user: 'u', password: 'p' } }],
    ['redis://h?layout=sealed&connections=8', { layout: 'sealed', connections: 8 }],
    ['redis://h?socket_connect_timeout_ms=70', { connectTimeoutMs: 70 }],
    [
      'redis-sentinel://u:p@a,b:7,c',
      {
        mode: 'sentinel',
        addresses: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 7 },
          { host: 'c', port: 26379 },
        ],
        serviceName: 'redismaster',
        credentials: { user: 'u', password: 'p' },
        sentinelCredentials: { user: undefined, password: undefined },
      },
    ],
    ['redis-sentinel://a/mymaster/2', { serviceName: 'mymaster', database: 2 }],
    ['redis-sentinel://a/2', { serviceName: 'redismaster', database: 2 }],
    ['redis-sentinel://a?service_name=x&sentinel_password=s', { serviceName: 'x' }],
    ['redis-cluster://a:1,b:2', { mode: 'cluster', addresses: [{ host: 'a', port: 1 }, { host: 'b', port: 2 }] }], // prettier-ignore
  ])('%s', (url, expected) => {
    expect(read(url)).toMatchObject(expected);
  });

  it('take the options of the tier where the URL says nothing', () => {
    const options = { layout: 'sealed', db: 4, username: 'u', password: 'p', connections: 2 };
    expect(read('redis://h', options)).toMatchObject({
      layout: 'sealed',
      database: 4,
      credentials: { user: 'u', password: 'p' },
      connections: 2,
    });
    expect(read('redis://a:b@h/1?connections=9', options)).toMatchObject({
      database: 1,
      credentials: { user: 'a', password: 'b' },
      connections: 9,
    });
  });

  it('take password and name of the master from the environment', () => {
    const env = { SECRET: 'hush', REDIS_SERVICE_NAME: 'theirs' };
    expect(read('redis://u@h?password_env=SECRET', {}, { env })).toMatchObject({
      credentials: { user: 'u', password: 'hush' },
    });
    expect(read('redis-sentinel://a', {}, { env })).toMatchObject({ serviceName: 'theirs' });
    expect(read('redis-sentinel://a/mine', {}, { env })).toMatchObject({ serviceName: 'mine' });
  });

  it('take what extra_config says of valkey, for valkey:// only', () => {
    const extraConfig = {
      valkey_username: 'u',
      valkey_password: 'p',
      valkey_database: 3,
      valkey_mode: 'cluster',
      tls_enable: true,
      connection_timeout: 2.5,
    };
    const one = { ...extraConfig, valkey_mode: 'standalone' };
    expect(read('valkey://h', {}, { extraConfig: one })).toMatchObject({
      mode: 'standalone',
      credentials: { user: 'u', password: 'p' },
      database: 3,
      tls: expect.anything(),
      connectTimeoutMs: 2500,
    });
    expect(
      read('valkey://a,b', {}, { extraConfig: { ...extraConfig, valkey_database: null } }),
    ).toMatchObject({
      mode: 'cluster',
    });
    expect(read('redis://h', {}, { extraConfig })).toMatchObject({
      mode: 'standalone',
      tls: undefined,
      credentials: { user: undefined, password: undefined },
      database: 0,
    });
  });

  it('read certificates, by the names of redis-py, too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnest-redis-settings-'));
    try {
      const ca = join(folder, 'ca.pem');
      writeFileSync(ca, 'a certificate');
      expect(read('redis://h').tls).toBeUndefined();
      expect(read('rediss://h').tls).toMatchObject({ rejectUnauthorized: true, ca: undefined });
      for (const url of [`rediss://h?tls_ca=${ca}`, `rediss://h?ssl_ca_certs=${ca}`]) {
        expect(read(url).tls).toMatchObject({ ca: Buffer.from('a certificate') });
      }
      expect(
        read('redis-cluster://h', { tls: true, tls_reject_unauthorized: false, tls_servername: 's' }).tls,
      ).toMatchObject({ rejectUnauthorized: false, servername: 's' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['redis://a,b', 'names several hosts'],
    ['redis://h/x', 'no number of a database'],
    ['redis://h/1/2', 'no number of a database'],
    ['redis-cluster://h/1', 'only database 0'],
    ['redis-cluster://h?db=1', 'only database 0'],
    ['unix://h/run/redis.sock', 'names no socket'],
    ['unix:///', 'names no socket'],
    ['redis://user@h', 'has a user and no password'],
    ['redis://h?password_env=NONE', 'NONE, which is not in the environment'],
    ['rediss://h?tls_ca=/nowhere.pem', '/nowhere.pem'],
    ['redis://h?layout=other', 'options.layout: must be one of lmcache, sealed'],
    ['redis://h?conections=1', 'did you mean connections'],
  ])('refuse %s', (url, message) => {
    expect(() => read(url)).toThrow(
      expect.objectContaining({ code: 'KV_CONFIG_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['redis-sentinel://h', 2_500],
    ['redis-cluster://h', 2_500],
    ['redis-cluster://h?socket_connect_timeout_ms=70', 70],
    ['redis://h', 5_000],
  ])('take REDIS_TIMEOUT for a store of several servers: %s', (url, connectTimeoutMs) => {
    expect(read(url, {}, { env: { REDIS_TIMEOUT: '2.5' } })).toMatchObject({ connectTimeoutMs });
  });

  it.each(['', 'soon', '0', '-1', '4000'])('refuse REDIS_TIMEOUT=%s', (text) => {
    const reading = (): unknown => read('redis-sentinel://h', {}, { env: { REDIS_TIMEOUT: text } });
    expect(reading).toThrow(expect.objectContaining({ code: 'KV_CONFIG_INVALID' }));
  });
});
