import { afterAll, describe, expect, it } from '@jest/globals';
import { createPipe } from '../../src/arena/native/pipe.js';
import { startAsGroup } from '../../src/plugins/process/group.process.js';
import { findSupervisor } from '../../src/plugins/process/supervisor-program.js';
import { startUnderSupervisor } from '../../src/plugins/process/supervisor.process.js';
import { describeWithPeer } from '../support/peer.js';
import { behavesAsSupervised } from '../support/plugin-process-behaviour.js';

const { path: program = '', reason } = findSupervisor();
const before = process.env['KVNEST_NATIVE'];

// The addon is looked for when it is first needed.
process.env['KVNEST_NATIVE'] = '0';

afterAll(() => {
  if (before === undefined) delete process.env['KVNEST_NATIVE'];
  else process.env['KVNEST_NATIVE'] = before;
});

describe('without the addon', () => {
  it('there are no pipes but those of Node', () => {
    expect(createPipe()).toBeUndefined();
  });
});

describeWithPeer(reason)('a plugin under its supervisor, with the pipes of Node', () => {
  behavesAsSupervised((command) => startUnderSupervisor(program, command));
});

describe('a plugin as a process group, with the pipes of Node', () => {
  behavesAsSupervised(startAsGroup);
});
