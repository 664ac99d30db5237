import { Logger } from '@nestjs/common';
import { startAsGroup } from './group.process.js';
import { type StartSupervised } from './supervised-process.interface.js';
import { findSupervisor } from './supervisor-program.js';
import { startUnderSupervisor } from './supervisor.process.js';

let warned = false;

/** Starts a command so that nothing of it outlives it or the server; as a mere process group without the supervisor. */
export const startSupervised: StartSupervised = (command) => {
  const { path, reason } = findSupervisor();
  if (path !== undefined) return startUnderSupervisor(path, command);
  if (!warned) {
    warned = true;
    new Logger('Plugins').warn(
      `Plugins run without their supervisor (${reason ?? ''}): processes of theirs that leave their process group, or whose ` +
        'server is killed, may stay; memory limits are not applied',
    );
  }
  return startAsGroup(command);
};
