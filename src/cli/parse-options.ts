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
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const [message = ''] = (error as Error).message.split('. ', 1);
    throw usageError(message, `Run "kvnest ${command} --help".`);
  }
}
