import { CONFIG_OPTIONS } from '../config/load-config.js';
import { suggestion } from '../config/nearest-name.js';
import { discoverPlugins } from '../plugins/discovery/discover-plugins.js';
import { SERVER_HELP } from './ask-server.js';
import { usageError } from './cli-error.js';
import { type CliCommand, type CliIo, EXIT_FAILURE, EXIT_OK } from './cli-io.interface.js';
import { formatPlugins } from './format-plugins.js';
import { CONFIG_HELP, loadCliConfig } from './load-cli-config.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';
import { pluginCommand, pluginStatus } from './plugin-control.js';

const SUBCOMMANDS: Readonly<Record<string, CliCommand['run']>> = {
  list,
  status: pluginStatus,
  start: pluginCommand('start'),
  stop: pluginCommand('stop'),
  restart: pluginCommand('restart'),
};

/** `kvnest plugins`: the plugin scripts of this configuration, and those of a running server. */
export const pluginsCommand: CliCommand = {
  help: `Usage: kvnest plugins list [--json] [--config FILE] [--set KEY=VALUE]…
       kvnest plugins status [NAME] [--json] [--url URL] [--token TOKEN]
       kvnest plugins start|stop|restart NAME [--json] [--url URL] [--token TOKEN]

  list      every file at the locations of plugins: who runs it, and how, or why nobody does.
            Starts nothing. Exits with 1 when a script that should run here cannot.
  status    the plugins of a running server: state, process, restarts, last exit, last line
  start     start a plugin of a running server that is down, or waits for its restart
  stop      stop it, and wait until nothing of it is left
  restart   both

With list:
  --json            the same for programs
${CONFIG_HELP}
With the others, before or behind a NAME, or with -- before one that begins with a dash:
${SERVER_HELP}`,
  run: ([name, ...args], io) => {
    const subcommand = name === undefined ? undefined : SUBCOMMANDS[name];
    if (subcommand !== undefined) return subcommand(args, io);
    const names = Object.keys(SUBCOMMANDS);
    const message =
      name === undefined
        ? 'plugins needs a command'
        : `there is no "plugins ${name}"${suggestion(name, names)}`;
    throw usageError(message, `Run "kvnest plugins --help". Its commands: ${names.join(', ')}.`);
  },
};

async function list(args: readonly string[], io: CliIo): Promise<number> {
  const { json } = parseOptions('plugins', args, {
    ...CONFIG_OPTIONS,
    ...DEBUG_OPTION,
    json: { type: 'boolean', default: false },
  });
  const { config, warnings } = loadCliConfig(args, io);
  const discovered = await discoverPlugins(config.plugins, io.env);
  io.out(json ? asJson(discovered) : formatPlugins(config.plugins, discovered));
  for (const warning of [...warnings, ...discovered.warnings]) io.err(`warning: ${warning}\n`);
  return discovered.skipped.some(({ level }) => level === 'error') ? EXIT_FAILURE : EXIT_OK;
}

/** What is not limited is null: a key that is not there could be one of another version. */
function asJson(value: object): string {
  return `${JSON.stringify(value, (_, below: unknown) => (below === undefined ? null : below), 2)}\n`;
}
