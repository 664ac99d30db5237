import { createLmDoor } from '../../src/modules/doors/lm/create-lm-door.js';
import { type LmDoor } from '../../src/modules/doors/lm/lm-door.js';
import { openSocketDoor, type TestSocketDoor, type TestSocketDoorOptions } from './socket-door.js';

export type TestLmDoorOptions = TestSocketDoorOptions;
export type TestLmDoor = TestSocketDoor<LmDoor>;

/** A door for `lm://` on a free port, over a real engine and a real arena. */
export function createTestLmDoor(options: TestLmDoorOptions = {}): Promise<TestLmDoor> {
  return openSocketDoor(options, createLmDoor);
}
