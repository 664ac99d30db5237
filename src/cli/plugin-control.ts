import { type PluginStatus } from '../plugins/plugin-status.interface.js';
import { askServer, SERVER_OPTIONS } from './ask-server.js';
import { usageError } from './cli-error.js';
import { type CliCommand, type CliIo, EXIT_OK } from './cli-io.interface.js';
import { formatPluginStatus } from './format-plugin-status.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';

const STATUS_TIMEOUT_MS = 10_000;
/** A plugin may take its time to stop. */
const COMMAND_TIMEOUT_MS = 3_600_000;

/** `kvnest plugins status`: the plugin scripts of a running server, or one of them. */
export async function pluginStatus(args: readonly string[], io: CliIo): Promise<number> {
  const [name, options] = parse(args);
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
    const [name, options] = parse(args);
    if (name === undefined) {
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

/** A name may stand before the options. */
function parse(
  args: readonly string[],
): [string | undefined, ReturnType<typeof parseOptions<typeof SERVER_OPTIONS>>] {
  const [first] = args;
  const name = first === undefined || first.startsWith('-') ? undefined : first;
  const options = { ...SERVER_OPTIONS, ...DEBUG_OPTION };
  return [name, parseOptions('plugins', name === undefined ? args : args.slice(1), options)];
}

function pluginPath(name: string): string {
  return `/v1/plugins/${encodeURIComponent(name)}`;
}

function asJson(answer: unknown): string {
  return `${JSON.stringify(answer, null, 2)}\n`;
}
