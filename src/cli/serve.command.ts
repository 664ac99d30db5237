import { CONFIG_OPTIONS } from '../config/load-config.js';
import { type CliCommand, type CliIo } from './cli-io.interface.js';
import { CONFIG_HELP, loadCliConfig } from './load-cli-config.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';

/** `kvnest serve`: runs the server in the foreground until SIGTERM or SIGINT. */
export const serveCommand: CliCommand = {
  help: `Usage: kvnest serve [--config FILE] [--set KEY=VALUE]…\n\nRuns the server until SIGTERM or SIGINT.\n\n${CONFIG_HELP}`,
  run,
};

async function run(args: readonly string[], io: CliIo): Promise<undefined> {
  parseOptions('serve', args, { ...CONFIG_OPTIONS, ...DEBUG_OPTION });
  const loaded = loadCliConfig(args, io);
  const { serve } = await import('../main.js');
  await serve(loaded);
}
