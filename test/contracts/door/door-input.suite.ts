import { describe, expect, it } from '@jest/globals';
import { type DoorClient, type DoorContract, type DoorWorld } from './door-client.interface.js';
import { codeOf, getOne } from './door-expect.js';

const LONG = 'k'.repeat(4097);
const MODEL = { model: 'm' };
const X = Buffer.from('x');
/** A day, and a millisecond. */
const TOO_LONG_MS = 86_400_001;

type Call = (client: DoorClient) => Promise<unknown>;

const EMPTY: Readonly<Record<string, Call>> = {
  'an empty key that is put': (client) => client.put('', X),
  'an empty key that is read': (client) => client.getMany(['']),
};

/** What is wrong with requests about keys. */
const KEYS: Readonly<Record<string, Call>> = {
  'an empty key among others': (client) => client.exists(['a', '']),
  'an empty key that is deleted': (client) => client.delete(['']),
  'a key that is too long': (client) => client.put(LONG, X),
  'a key that is too long, read': (client) => client.getMany([LONG]),
  'a key that is too long, among others': (client) => client.exists(['a', LONG]),
  'a key that is too long, deleted': (client) => client.delete([LONG]),
  'a key with half a character': (client) => client.exists(['\ud83d']),
  'a namespace below 0': (client) => client.put('a', X, { namespace: -1 }),
  'a namespace that is too large': (client) => client.exists(['a'], { namespace: 2 ** 31 }),
  'a namespace that is no whole number': (client) => client.getMany(['a'], { namespace: 0.5 }),
  'no time at all to live': (client) => client.put('a', X, { ttlMs: 0 }),
  'less than no time to live': (client) => client.put('a', X, { ttlMs: -1 }),
  'half a millisecond to live': (client) => client.put('a', X, { ttlMs: 0.5 }),
  'an ack that is none': (client) => client.put('a', X, { ack: 'some' as never }),
};

const METADATA: Readonly<Record<string, Call>> = {
  'metadata that is too long': (client) => client.put('a', X, { metadata: Buffer.alloc(1025) }),
};

const PINS: Readonly<Record<string, Call>> = {
  'an empty key that is pinned': (client) => client.pin(['']),
  'a key that is too long, unpinned': (client) => client.unpin([LONG]),
  'a pin of no time': (client) => client.pin(['a'], { pinMs: 0 }),
  'a pin of less than no time': (client) => client.pin(['a'], { pinMs: -1 }),
  'a pin of more than a day': (client) => client.pin(['a'], { pinMs: TOO_LONG_MS }),
};

function tokenCalls({ chunkTokens }: DoorContract): Readonly<Record<string, Call>> {
  const tokens = Array.from({ length: chunkTokens }, (_, i) => i);
  const chunk = { index: 0, bytes: X };
  return {
    'no model': (client) => client.lookup(tokens, { model: '' }),
    'no model to retrieve': (client) => client.retrieve(tokens, { model: '' }),
    'a token below 0': (client) => client.lookup([-1], MODEL),
    'a token that is too large': (client) => client.retrieve([2 ** 32], MODEL),
    'a token that is no whole number': (client) => client.store([0.5], [chunk], MODEL),
    'a pin of a prefix of more than a day': (client) =>
      client.lookup(tokens, { ...MODEL, pinMs: TOO_LONG_MS }),
    'a chunk before the first': (client) => client.store(tokens, [{ ...chunk, index: -1 }], MODEL),
    'metadata of a chunk that is too long': (client) =>
      client.store(tokens, [{ ...chunk, metadata: Buffer.alloc(1025) }], MODEL),
    'no time for a chunk to live': (client) => client.store(tokens, [chunk], { ...MODEL, ttlMs: 0 }),
  };
}

/** What only the server can know to be wrong. */
function serverCalls({ chunkTokens }: DoorContract): Readonly<Record<string, Call>> {
  const tokens = Array.from({ length: chunkTokens }, (_, i) => i);
  const chunk = { index: 0, bytes: X };
  return {
    'a chunk that the tokens do not make': (client) => client.store(tokens, [{ ...chunk, index: 1 }], MODEL),
    'a chunk of too few tokens': (client) => client.store([1], [chunk], MODEL),
    'a world without workers': (client) => client.lookup(tokens, { ...MODEL, worldSize: 0 }),
    'a worker below 0': (client) => client.retrieve(tokens, { ...MODEL, workerId: -1 }),
    'a rank that is no whole number': (client) => client.store(tokens, [chunk], { ...MODEL, localRank: 0.5 }),
  };
}

/** What makes no key, by its code. */
function namelessCalls({
  chunkTokens,
}: DoorContract): Readonly<Record<string, Readonly<Record<string, Call>>>> {
  const tokens = Array.from({ length: chunkTokens }, (_, i) => i);
  return {
    KV_INPUT_MODEL: {
      'a model with the separator of keys': (client) => client.lookup(tokens, { model: 'a@b' }),
      'such a model to retrieve': (client) => client.retrieve(tokens, { model: 'a@b' }),
    },
    KV_INPUT_SALT: {
      'a tenant with the separator of keys': (client) =>
        client.retrieve(tokens, { ...MODEL, cacheSalt: 'a@b' }),
    },
  };
}

/** Wrong input has the same code everywhere, and nothing else happens. */
export function describeDoorInput(world: DoorWorld): void {
  const { contract } = world;
  const { capabilities, inputCode, errors } = contract;
  const refused = (calls: Readonly<Record<string, Call>>, code: string): void => {
    it.each(Object.entries(calls))('is %s', async (_, call) => {
      const { client } = world;
      await client.put('a', Buffer.from('before'));
      expect(await codeOf(() => call(client))).toBe(code);
      const kept = await getOne(client, 'a');
      expect(Buffer.from(kept!.bytes).toString()).toBe('before');
      if (capabilities.status) expect((await client.status()).tiers[0]!.chunks).toBe(1);
    });
  };

  describe('wrong input', () => {
    if (inputCode === undefined) {
      it('is a key that is too long, which is never there', async () => {
        const { client } = world;
        await client.put(LONG, X);
        expect(await client.exists([LONG, 'a'])).toEqual([false, false]);
        expect(await getOne(client, LONG)).toBeUndefined();
        expect(await client.delete([LONG])).toEqual([false]);
      });
      return;
    }
    refused(EMPTY, errors['empty-key'] ?? inputCode);
    refused(KEYS, inputCode);
    if (capabilities.metadata) refused(METADATA, inputCode);
    if (capabilities.pins) refused(PINS, inputCode);
    if (!capabilities.tokens) return;
    refused(tokenCalls(contract), inputCode);
    refused(serverCalls(contract), 'KV_INPUT_INVALID');
    for (const [code, calls] of Object.entries(namelessCalls(contract))) refused(calls, code);
  });
}
