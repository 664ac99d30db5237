import { describe, expect, it } from '@jest/globals';
import { type PutRefusal } from '../../../src/client/kvnest-client.interface.js';
import { type DoorClient, type DoorWorld } from './door-client.interface.js';
import { chunkBytes, codeOf, expectValue, getOne } from './door-expect.js';

const X = Buffer.from('x');

/** What is not stored is no error: it is an answer. */
export function describeDoorRefusals(world: DoorWorld): void {
  const { capabilities, errors, chunkTokens } = world.contract;

  /** The value is not stored, and the door says why if it can. */
  async function expectRefusal(client: DoorClient, bytes: Buffer, reason: PutRefusal): Promise<void> {
    const code = reason === 'too-large' ? errors[reason] : undefined;
    const answer = await codeOf(() => client.put('refused', bytes));
    if (code !== undefined) expect(answer).toBe(code);
    else if (capabilities.reasons) expect(answer).toEqual({ stored: false, reason });
    expect(await getOne(client, 'refused')).toBeUndefined();
  }

  async function expectTokenRefusal(client: DoorClient, reason: PutRefusal): Promise<void> {
    if (!capabilities.tokens) return;
    const tokens = Array.from({ length: 2 * chunkTokens }, (_, i) => i);
    const items = [0, 1].map((index) => ({ index, bytes: X }));
    const stored = await client.store(tokens, items, { model: 'm' });
    expect(stored).toMatchObject(items.map(({ index }) => ({ index, stored: false, reason })));
    expect((await client.lookup(tokens, { model: 'm' })).hitTokens).toBe(0);
  }

  describe('refusals', () => {
    it('of a value that is too large, after which the door goes on', async () => {
      const { client } = world;
      await client.put('a', X);
      await expectRefusal(client, chunkBytes(capabilities.maxValueBytes + 1), 'too-large');
      expectValue(world, await getOne(client, 'a'), X);
    });

    it('without room, where what is there can be read; and none when there is room again', async () => {
      const { client, contract } = world;
      await client.put('a', X);
      const crowd = await contract.crowd();
      try {
        await expectRefusal(client, chunkBytes(10_000), 'busy');
        await expectTokenRefusal(client, 'busy');
        expectValue(world, await getOne(client, 'a'), X);
        expect(await client.exists(['a'])).toEqual([true]);
      } finally {
        crowd[Symbol.dispose]();
      }
      expect(await client.put('refused', X)).toMatchObject({ stored: true });
      expectValue(world, await getOne(client, 'refused'), X);
    });

    it('of a server that ends, which answers what is read until it has ended', async () => {
      const client = await world.contract.openDraining();
      try {
        await expectRefusal(client, X, 'draining');
        await expectTokenRefusal(client, 'draining');
        expectValue(world, await getOne(client, 'drained'), Buffer.from('drained'));
        expect(await client.exists(['drained', 'refused'])).toEqual([true, false]);
        if (capabilities.status) expect((await client.status()).draining).toBe(true);
      } finally {
        await client.close();
      }
    });
  });
}
