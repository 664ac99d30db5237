import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../connector-url.js';
import { readKvnestSettings } from './kvnest.config.js';

interface Given {
  readonly options?: Record<string, unknown>;
  readonly env?: Record<string, string>;
}

function read(url: string, { options = {}, env = {} }: Given = {}) {
  return readKvnestSettings({ tier: 'far', url: parseConnectorUrl(url), options, extraConfig: {} }, env);
}

describe('settings of kvnest://', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvnest-config-'));
    writeFileSync(join(folder, 'ca.pem'), 'a certificate');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are those of the URL, and defaults', () => {
    expect(read('kvnest://cache')).toMatchObject({
      servers: [{ host: 'cache', port: 7070, name: 'cache:7070' }],
      token: undefined,
      tls: undefined,
      timeoutMs: 0,
      bulkConnections: 2,
      controlConnections: 1,
      connectTimeoutMs: 5_000,
      unresponsiveMs: 5_000,
      reconnect: { onDemand: true },
    });
  });

  it('are of several servers', () => {
    const { servers, reconnect } = read('kvnest://t@A:1,[::1],b/?connections=5&unresponsive_ms=9');
    expect(servers.map(({ name }) => name)).toEqual(['a:1', '[::1]:7070', 'b:7070']);
    expect(reconnect.onDemand).toBe(false);
  });

  it('are those of the tier where the URL does not say them', () => {
    const options = { connections: 3, unresponsive_ms: 1, socket_connect_timeout_ms: 2, token: 4711 };
    expect(read('kvnest://h?connections=4', { options })).toMatchObject({
      bulkConnections: 4,
      unresponsiveMs: 1,
      connectTimeoutMs: 2,
      token: '4711',
    });
  });

  it.each([
    ['kvnest://s%3Acret%40@h', {}, 's:cret@'],
    ['kvnest://url@h', { options: { token: 'option' } }, 'url'],
    ['kvnest://h?token=parameter', { options: { token: 'option' } }, 'parameter'],
    ['kvnest://h?token_env=T', { env: { T: 'variable' } }, 'variable'],
  ])('have the token of %s with %j', (url, given, token) => {
    expect(read(url, given).token).toBe(token);
  });

  it('have TLS with kvnests:// alone', () => {
    expect(read('kvnests://h').tls).toEqual({ rejectUnauthorized: true });
    const options = {
      tls_ca: join(folder, 'ca.pem'),
      tls_servername: 'cache',
      tls_reject_unauthorized: false,
    };
    expect(read('kvnests://h', { options }).tls).toEqual({
      ca: Buffer.from('a certificate'),
      servername: 'cache',
      rejectUnauthorized: false,
    });
  });

  it.each([
    ['kvnest://', /no host/],
    ['kvnest://h:0', /port 0/],
    ['kvnest://h/path', /path/],
    ['kvnest://a,A', /twice/],
    ['kvnest://a,a:7070', /twice/],
    ['kvnest://user:secret@h', /colon/],
    ['kvnest://:secret@h', /colon/],
    ['kvnest://h?token_env=NONE', /NONE/],
    ['kvnest://h?tls_ca=ca.pem', /tls_ca/],
    ['kvnest://h?tls_reject_unauthorized=false', /tls_reject_unauthorized/],
    ['kvnests://h?tls_ca=/no/such/file', /cannot be read/],
    ['kvnest://h?connections=0', /connections/],
    ['kvnest://h?conections=1', /did you mean connections/],
  ])('are refused for %s', (url, message) => {
    const error = expect.objectContaining({
      code: 'KV_CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
    expect(() => read(url)).toThrow(error);
  });

  it('are refused without a word of the token', () => {
    expect(() => read('kvnest://user:secret@h')).not.toThrow(/secret/);
    expect(() => read('kvnest://secret@h/path')).not.toThrow(/secret/);
  });
});
