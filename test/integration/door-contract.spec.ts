import { afterAll, beforeAll } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { describeDoorContract } from '../contracts/door.contract.js';
import { CHUNK_TOKENS, DOOR_NAMES, DOORS, DoorWorld } from '../support/doors/door-world.js';
import { put } from '../support/engine.js';

let world: DoorWorld;
let draining: DoorWorld;

beforeAll(async () => {
  world = await DoorWorld.start();
  draining = await DoorWorld.start();
  await put(draining, ChunkKey.of('drained'), Buffer.from('drained'));
  // What the server does first when it ends; its doors serve on.
  draining.engine.beginDrain();
});

afterAll(async () => {
  await world.close();
  await draining.close();
});

for (const name of DOOR_NAMES) {
  const door = DOORS[name];
  describeDoorContract(name, {
    capabilities: door.capabilities,
    errors: door.errors,
    inputCode: door.inputCode,
    chunkTokens: CHUNK_TOKENS,
    open: () => world.open(name),
    pressure: () => world.pressure(),
    crowd: () => world.crowd(),
    openDraining: () => door.open(draining.addresses),
  });
}
