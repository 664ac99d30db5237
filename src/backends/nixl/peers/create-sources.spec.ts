import { describe, expect, it } from '@jest/globals';
import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { readOptions } from '../../../config/read-options.js';
import { NixlOptions } from '../nixl.config.js';
import { createSources } from './create-sources.js';
import { type PeerAddress } from './peer-address.js';

const quiet = { log: () => undefined, warn: () => undefined };
const CLOSED = { http: false, resp: false, lm: false, tcp: false, nest: false } as const;
const OPEN = { ...CLOSED, tcp: { host: '0.0.0.0', port: 7070 } } as unknown as KvnestConfig['doors'];

function sources(
  peers: string,
  given: Readonly<Record<string, unknown>> = {},
  doors: KvnestConfig['doors'] = CLOSED,
) {
  const options = readOptions(NixlOptions, 'peers', { peers, ...given });
  return createSources({ tier: 'peers', options, doors, bootId: 'me', logger: quiet });
}

async function listed(
  peers: string,
  given?: Readonly<Record<string, unknown>>,
): Promise<readonly PeerAddress[]> {
  const all: PeerAddress[] = [];
  for (const source of sources(peers, given)) await source.start((found) => void all.push(...found));
  return all;
}

describe('peers that are listed', () => {
  it('are each an address, with the token of the URL or of the options', async () => {
    const peers = await listed('kvnest://mine@A,[::1]:7', {
      token: 'common',
      back_off_ms: 7,
      max_back_off_ms: 9,
    });
    expect(peers.map(({ name, label }) => [name, label])).toEqual([
      ['a:7070', 'kvnest://a:7070'],
      ['[::1]:7', 'kvnest://[::1]:7'],
    ]);
    expect(peers.map(({ settings }) => settings.token)).toEqual(['mine', 'mine']);
    expect(peers[0]?.settings.reconnect).toEqual({ minMs: 7, maxMs: 9, onDemand: true });
    const [other] = await listed('kvnests://b', { token: 'common', tls_servername: 'cache' });
    expect(other?.settings).toMatchObject({
      token: 'common',
      tls: { servername: 'cache', rejectUnauthorized: true },
    });
  });
});

it.each([
  ['http://h', /scheme http/],
  ['kvnest://', /no host/],
  ['kvnest://h/path', /has a path/],
  ['kvnest://h:0', /port 0/],
  ['dns+kvnest://a,b', /several hosts/],
  ['redis://a,b', /several hosts/],
  ['redis://a/x', /no number of a database/],
  ['redis://a', /where this server is/],
])('%s is refused', (peers, message) => {
  expect(() => sources(peers)).toThrow(
    expect.objectContaining({ code: 'KV_CONFIG_INVALID', message: expect.stringMatching(message) }),
  );
});

it.each([
  [{ advertise: 'redis://h' }],
  [{ advertise: 'kvnest://a,b' }],
  [{ advertise: 'kvnest://token@a' }],
  [{ tls_ca: '/nowhere', advertise: 'kvnest://a' }, 'rediss://a'],
])('a registry is refused with %j', (given, peers = 'redis://a') => {
  expect(() => sources(peers, given)).toThrow(expect.objectContaining({ code: 'KV_CONFIG_INVALID' }));
});

it('a registry is told the TCP door, and needs none from a receiver', () => {
  expect(sources('redis://a', {}, OPEN)).toHaveLength(1);
  expect(sources('redis://a', { role: 'receiver' })).toHaveLength(1);
});
