import { DoorSecret } from '../../src/modules/doors/door-secret.js';
import { createRespDoor } from '../../src/modules/doors/resp/create-resp-door.js';
import { type RespDoor } from '../../src/modules/doors/resp/resp-door.js';
import { openSocketDoor, type TestSocketDoor, type TestSocketDoorOptions } from './socket-door.js';

export interface TestRespDoorOptions extends TestSocketDoorOptions {
  readonly token?: string;
  /** What INFO tells; the tier of the engine is LRU. */
  readonly evictionPolicy?: string;
}

export type TestRespDoor = TestSocketDoor<RespDoor>;

/** A RESP door on a free port, over a real engine and a real arena. */
export function createTestRespDoor(options: TestRespDoorOptions = {}): Promise<TestRespDoor> {
  return openSocketDoor(options, (parts) =>
    createRespDoor({
      ...parts,
      maxPendingPairBytes: 8 * 1024 * 1024,
      secret: new DoorSecret(options.token),
      evictionPolicy: options.evictionPolicy,
    }),
  );
}
