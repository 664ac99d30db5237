import { type CliCommand } from './cli-io.interface.js';
import { doctorCommand } from './doctor.command.js';
import { serveCommand } from './serve.command.js';
import { statusCommand } from './status.command.js';

/** Every command of the program, in the order of its help. */
export const COMMANDS: readonly CliCommand[] = [serveCommand, statusCommand, doctorCommand];
