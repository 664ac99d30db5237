import { type Awaitable } from '../../../../common/awaitable.js';
import { type CommandCall } from './command.interface.js';

export interface Subcommand {
  /** In upper case. */
  readonly name: string;
  /** As of a command, the command's own name included. */
  readonly arity: number;
  run(call: CommandCall): Awaitable<void>;
}

/** Whether a command of this arity takes so many arguments. */
export function takesArguments(arity: number, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity;
}

/** Runs what the second argument names, or answers with Redis's error. @param command in lower case. */
export function runSubcommand(
  call: CommandCall,
  command: string,
  subcommands: readonly Subcommand[],
): Awaitable<void> {
  const name = call.args[1]?.toString('latin1') ?? '';
  const subcommand = subcommands.find((candidate) => candidate.name === name.toUpperCase());
  if (subcommand === undefined) {
    call.reply.error(`ERR unknown subcommand '${name.slice(0, 128)}'. Try ${command.toUpperCase()} HELP.`);
    return;
  }
  if (!takesArguments(subcommand.arity, call.args.length)) {
    const full = `${command}|${subcommand.name.toLowerCase()}`;
    call.reply.error(`ERR wrong number of arguments for '${full}' command`);
    return;
  }
  return subcommand.run(call);
}
