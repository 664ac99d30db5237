import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientSettings } from './client-settings.js';
import { parseClientUrl } from './client-url.js';

describe('the URL of a cache', () => {
  it('may be short', () => {
    expect(parseClientUrl('kvnest://localhost')).toEqual({
      isTls: false,
      token: undefined,
      servers: [{ host: 'localhost', port: 7070, name: 'localhost:7070' }],
      model: undefined,
      namespace: undefined,
      timeoutMs: undefined,
      connectTimeoutMs: undefined,
      onUnavailable: undefined,
    });
  });

  it('may say everything', () => {
    const url =
      'KVNESTS://s%40cret%2F@A.example:1,[::1],[fe80::2]:3/?model=a%2Fb&namespace=2&timeout_ms=0&connect_timeout_ms=4&on_unavailable=miss';
    expect(parseClientUrl(url)).toEqual({
      isTls: true,
      token: 's@cret/',
      servers: [
        { host: 'a.example', port: 1, name: 'a.example:1' },
        { host: '::1', port: 7070, name: '[::1]:7070' },
        { host: 'fe80::2', port: 3, name: '[fe80::2]:3' },
      ],
      model: 'a/b',
      namespace: 2,
      timeoutMs: 0,
      connectTimeoutMs: 4,
      onUnavailable: 'miss',
    });
  });

  it.each([
    '',
    'localhost:7070',
    'redis://localhost',
    'kvnest://',
    'kvnest://a,,b',
    'kvnest://a:0',
    'kvnest://a:65536',
    'kvnest://a,a:7070',
    'kvnest://a/path',
    'kvnest://a?modl=m',
    'kvnest://a?namespace=x',
    'kvnest://a?on_unavailable=maybe',
    'kvnest://%@a',
  ])('%j is KV_CLIENT_URL', (url) => {
    expect(() => parseClientUrl(url)).toThrow(expect.objectContaining({ code: 'KV_CLIENT_URL' }));
  });

  it('is never repeated with its token', () => {
    const wrong = fc.constantFrom('/a', ',', '', 'h:99999', 'h?x=1', 'h?namespace=-1', '[::1', 'h h');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9%]{12,20}$/), wrong, (token, rest) => {
        try {
          parseClientUrl(`kvnest://${token}@${rest}`);
        } catch (error) {
          const { message, remedy } = error as Error & { remedy: string };
          expect(`${message} ${remedy}`).not.toContain(token);
        }
      }),
    );
  });
});

describe('settings', () => {
  it('of options come before those of the URL, and these before defaults', () => {
    const url = 'kvnest://one@a?model=m&namespace=3&timeout_ms=5';
    expect(clientSettings(url, {})).toMatchObject({ token: 'one', model: 'm', namespace: 3, timeoutMs: 5 });
    const options = { token: 'two', model: 'n', namespace: 4, timeoutMs: 6 };
    expect(clientSettings(url, options)).toMatchObject(options);
    expect(clientSettings('kvnest://a', {})).toMatchObject({
      timeoutMs: 30_000,
      missesOutages: false,
      tls: undefined,
    });
    expect(clientSettings('kvnests://a,b', {})).toMatchObject({ missesOutages: true, tls: {} });
    expect(clientSettings('kvnest://a,b?on_unavailable=error', {}).missesOutages).toBe(false);
  });

  it.each<object>([
    { timeoutMs: -1 },
    { timeoutMs: 2 ** 31 },
    { namespace: 0.5 },
    { connections: { bulk: 0 } },
    { reconnect: { minMs: 10, maxMs: 5 } },
    { unresponsiveMs: 0 },
    { tls: {} },
    { timeout_ms: 5 },
    { constructor: 1 },
  ])('%j is KV_CLIENT_INPUT', (options) => {
    expect(() => clientSettings('kvnest://a', options)).toThrow(
      expect.objectContaining({ code: 'KV_CLIENT_INPUT' }),
    );
  });
});
