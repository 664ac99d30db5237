import { parseArgs, type ParseArgsConfig } from 'node:util';
import { usageError } from './cli-error.js';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/** Every command has it; `main` reads it. */
export const DEBUG_OPTION = { debug: { type: 'boolean' } } as const;

/** The options of one command. @throws KV_CLI_USAGE for what it does not know. */
export function parseOptions<const T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
): Values<T> {
  return reportingUsage(command, () => parseArgs({ args: [...args], options }).values);
}

/** The same, with at most one name before, among or behind them; behind `--` it may begin with a dash. */
export function parseNamed<const T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
): { readonly name: string | undefined; readonly values: Values<T> } {
  return reportingUsage(command, () => {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [name, unexpected] = positionals;
    if (unexpected !== undefined) throw new Error(`Unexpected argument '${unexpected}'`);
    return { name, values };
  });
}

function reportingUsage<T>(command: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const [message = ''] = (error as Error).message.split('. ', 1);
    throw usageError(message, `Run "kvnest ${command} --help".`);
  }
}
