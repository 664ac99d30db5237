import { describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../connector-url.js';
import { readRespSettings } from './resp.config.js';

interface Given {
  readonly options?: Record<string, unknown>;
  readonly extraConfig?: Record<string, unknown>;
  readonly env?: Record<string, string>;
}

function read(url: string, { options = {}, extraConfig = {}, env = {} }: Given = {}) {
  return readRespSettings({ tier: 'far', url: parseConnectorUrl(url), options, extraConfig }, env);
}

describe('settings of resp://', () => {
  it('are those of the URL, and defaults', () => {
    expect(read('resp://kv:p%40ss@store:6379')).toEqual({
      address: { host: 'store', port: 6379 },
      user: 'kv',
      password: 'p@ss',
      connections: 8,
      connectTimeoutMs: 5_000,
    });
    expect(read('resp://:pw@[::1]:1/?connections=3')).toMatchObject({
      address: { host: '::1', port: 1 },
      user: undefined,
      password: 'pw',
      connections: 3,
    });
  });

  it("are, behind them, those of the tier, of LMCache's extra_config and of its environment", () => {
    const env = {
      LMCACHE_RESP_HOST: 'from-env',
      LMCACHE_RESP_PORT: '7000',
      LMCACHE_RESP_USERNAME: 'env',
      LMCACHE_RESP_PASSWORD: 'env-pw',
    };
    expect(read('resp://', { env })).toMatchObject({
      address: { host: 'from-env', port: 7000 },
      user: 'env',
      password: 'env-pw',
    });
    const extraConfig = { username: 'extra', password: 4711, resp_num_threads: 2, save_chunk_meta: false };
    expect(read('resp://h:1', { env, extraConfig })).toMatchObject({
      address: { host: 'h', port: 1 },
      user: 'extra',
      password: '4711',
      connections: 2,
    });
    const options = { username: 'own', connections: 5 };
    expect(read('resp://h:1', { env, extraConfig, options })).toMatchObject({ user: 'own', connections: 5 });
    const nothing = { extraConfig: { username: '', password: '' }, env: { LMCACHE_RESP_PASSWORD: '' } };
    expect(read('resp://h:1', nothing)).toMatchObject({ user: undefined, password: undefined });
  });

  it.each([
    ['resp://', /no host/],
    ['resp://h', /no port/],
    ['resp://h:0', /no port/],
    ['resp://a:1,b:2', /several hosts/],
    ['resp://h:1/2', /path/],
    ['resp://h:1?layout=sealed', /layout: is unknown/],
    ['resp://u@h:1', /password/],
  ])('are refused for %s', (url, message) => {
    expect(() => read(url)).toThrow(
      expect.objectContaining({
        code: 'KV_CONFIG_INVALID',
        message: expect.stringMatching(message) as unknown,
      }),
    );
  });
});
