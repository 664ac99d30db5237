import { describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from './connector-url.js';

describe('connector URL', () => {
  it('is taken apart', () => {
    expect(parseConnectorUrl('Redis://kv:p%40ss%2F@h1:6379,[::1]:7000,h3/2?layout=sealed&a=b%20c')).toEqual({
      text: 'Redis://kv:p%40ss%2F@h1:6379,[::1]:7000,h3/2?layout=sealed&a=b%20c',
      label: 'redis://h1:6379,[::1]:7000,h3/2',
      scheme: 'redis',
      user: 'kv',
      password: 'p@ss/',
      hosts: [
        { host: 'h1', port: 6379 },
        { host: '::1', port: 7000 },
        { host: 'h3', port: undefined },
      ],
      path: '/2',
      parameters: new Map([
        ['layout', 'sealed'],
        ['a', 'b c'],
      ]),
    });
  });

  it.each([
    ['redis://:secret@h', undefined, 'secret'],
    ['redis://user@h', 'user', undefined],
    ['redis://us:p:w@h', 'us', 'p:w'],
    ['redis://h', undefined, undefined],
  ])('finds user and password in %s', (text, user, password) => {
    expect(parseConnectorUrl(text)).toMatchObject({ user, password, hosts: [{ host: 'h' }] });
  });

  it('may have a path and no host', () => {
    expect(parseConnectorUrl('unix:///run/redis.sock')).toMatchObject({ hosts: [], path: '/run/redis.sock' });
  });

  it.each(['', 'redis', 'redis:/h', '://h', 'redis://h:99999', 'redis://a b', 'redis://h/%zz', 'redis://h,'])(
    'refuses %j',
    (text) => {
      expect(() => parseConnectorUrl(text)).toThrow(expect.objectContaining({ code: 'KV_CONFIG_INVALID' }));
    },
  );

  it('shows no password in errors', () => {
    expect(() => parseConnectorUrl('redis://u:secret@h:99999')).toThrow(/\*\*\*@h/);
    for (const text of [
      'redis://u:se/secret@h',
      'redis://u:12/secret@h:6379',
      's3://key:12/secret@bucket',
      'redis://u:secret?a@h',
      'redis://u:secret/@h',
      'redis://u:s@secret@h:x',
    ])
      expect(() => parseConnectorUrl(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') as unknown }),
      );
    expect(() => parseConnectorUrl('s3://h:99999?session_token=secret')).toThrow(/session_token=\*\*\*"/);
  });
});
