import { afterAll, beforeAll, beforeEach, describe } from '@jest/globals';
import { type DoorClient, type DoorContract, type DoorWorld } from './door/door-client.interface.js';
import { describeDoorHolds } from './door/door-holds.suite.js';
import { describeDoorInput } from './door/door-input.suite.js';
import { describeDoorRefusals } from './door/door-refusals.suite.js';
import { describeDoorTokens } from './door/door-tokens.suite.js';
import { describeDoorValues } from './door/door-values.suite.js';

export {
  type DoorCapabilities,
  type DoorClient,
  type DoorClientStatus,
  type DoorContract,
  type DoorKey,
} from './door/door-client.interface.js';

/**
 * The cache as every door shows it, as tests: the same through whatever protocol. Which tests run follows from the capabilities.
 * The cache is emptied before each test.
 */
export function describeDoorContract(name: string, contract: DoorContract): void {
  describe(`door contract: ${name}`, () => {
    let client: DoorClient;
    const world: DoorWorld = {
      contract,
      get client() {
        return client;
      },
    };

    beforeAll(async () => {
      client = await contract.open();
    });
    beforeEach(async () => {
      await client.clear();
    });
    afterAll(() => client.close());

    describeDoorValues(world);
    describeDoorHolds(world);
    describeDoorInput(world);
    describeDoorRefusals(world);
    if (contract.capabilities.tokens) describeDoorTokens(world);
  });
}
