import { describe } from '@jest/globals';
import { startAsGroup } from '../../src/plugins/process/group.process.js';
import { findSupervisor } from '../../src/plugins/process/supervisor-program.js';
import { startUnderSupervisor } from '../../src/plugins/process/supervisor.process.js';
import { describeWithPeer } from '../support/peer.js';
import { behavesAsSupervised } from '../support/plugin-process-behaviour.js';

const { path: program = '', reason } = findSupervisor();

describeWithPeer(reason)('a plugin under its supervisor', () => {
  behavesAsSupervised((command) => startUnderSupervisor(program, command));
});

describe('a plugin as a process group, without the supervisor', () => {
  behavesAsSupervised(startAsGroup);
});
