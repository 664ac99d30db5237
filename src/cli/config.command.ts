import { stringify } from 'yaml';
import { CONFIG_OPTIONS } from '../config/load-config.js';
import { redactConfig } from '../config/redact-config.js';
import { type CliCommand, type CliIo, EXIT_OK } from './cli-io.interface.js';
import { CONFIG_HELP, loadCliConfig } from './load-cli-config.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';

/** `kvnest config`: what the file, the environment and the command line add up to. */
export const configCommand: CliCommand = {
  help: `Usage: kvnest config [--config FILE] [--set KEY=VALUE]…

Prints the configuration in force, secrets hidden, and where each setting that is no default was given.

${CONFIG_HELP}`,
  run,
};

function run(args: readonly string[], io: CliIo): Promise<number> {
  parseOptions('config', args, { ...CONFIG_OPTIONS, ...DEBUG_OPTION });
  const { config, sources, warnings } = loadCliConfig(args, io);
  io.out(stringify(redactConfig(config)));
  for (const [path, origin] of sources.origins) io.out(`# ${path}: ${origin}\n`);
  for (const warning of warnings) io.err(`warning: ${warning}\n`);
  return Promise.resolve(EXIT_OK);
}
