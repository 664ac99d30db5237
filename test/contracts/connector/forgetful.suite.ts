import { describe, expect, it } from '@jest/globals';
import { chunkBytes } from '../chunks/chunk-bytes.js';
import { inConnectorWorld, type RemoteConnectorContract } from './connector-world.js';

/** A store that retains nothing takes everything and gives nothing. */
export function describeForgetful(contract: RemoteConnectorContract): void {
  describe('a store that retains nothing', () => {
    it('takes everything and gives nothing', () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        expect(await world.put({ key, bytes: chunkBytes(100_000) })).toBe('stored');
        expect(await world.connector.exists(key)).toBe(false);
        expect(await world.read(key)).toBe('miss');
        expect(await world.connector.getMany([key, key])).toEqual(['miss', 'miss']);
        expect(await world.connector.existsMany([key])).toEqual([false]);
      }));
  });
}
