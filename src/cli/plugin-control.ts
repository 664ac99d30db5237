import { type PluginStatus } from '../plugins/plugin-status.interface.js';
import { askServer, SERVER_OPTIONS } from './ask-server.js';
import { usageError } from './cli-error.js';
import { type CliCommand, type CliIo, EXIT_OK } from './cli-io.interface.js';
import { formatPluginStatus } from './format-plugin-status.js';
import { DEBUG_OPTION, parseNamed } from './parse-options.js';

const STATUS_TIMEOUT_MS = 10_000;
/** A plugin may take its time to stop. */
const COMMAND_TIMEOUT_MS = 3_600_000;

/** `kvnest plugins status`: the plugin scripts of a running server, or one of them. */
export async function pluginStatus(args: readonly string[], io: CliIo): Promise<number> {
  const { name, values: options } = parse(args);
  const path = name === undefined ? '/v1/plugins' : pluginPath(name);
  const answer = await askServer({ method: 'GET', path, timeoutMs: STATUS_TIMEOUT_MS }, options, io);
  const plugins =
    name === undefined
      ? (answer as { readonly plugins: readonly PluginStatus[] }).plugins
      : [answer as PluginStatus];
  io.out(options.json ? asJson(answer) : formatPluginStatus(plugins));
  return EXIT_OK;
}

/** `kvnest plugins start|stop|restart NAME`. */
export function pluginCommand(command: 'start' | 'stop' | 'restart'): CliCommand['run'] {
  return async (args, io) => {
    const { name, values: options } = parse(args);
    if (name === undefined || name === '') {
      throw usageError(
        `plugins ${command} needs the name of a plugin`,
        '"kvnest plugins status" shows their names.',
      );
    }
    const question = {
      method: 'POST',
      path: `${pluginPath(name)}/${command}`,
      timeoutMs: COMMAND_TIMEOUT_MS,
    } as const;
    const status = (await askServer(question, options, io)) as PluginStatus;
    io.out(options.json ? asJson(status) : formatPluginStatus([status]));
    return EXIT_OK;
  };
}

function parse(args: readonly string[]): ReturnType<typeof parseNamed<typeof SERVER_OPTIONS>> {
  return parseNamed('plugins', args, { ...SERVER_OPTIONS, ...DEBUG_OPTION });
}

function pluginPath(name: string): string {
  return `/v1/plugins/${encodeURIComponent(name)}`;
}

function asJson(answer: unknown): string {
  return `${JSON.stringify(answer, null, 2)}\n`;
}
