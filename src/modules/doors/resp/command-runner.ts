import { type Awaitable } from '../../../common/awaitable.js';
import { type RespCommand } from '../../../protocols/resp/resp-request.interface.js';
import {
  ALL_KEYS,
  type CommandCall,
  type FailureAnswer,
  type RespCommandDefinition,
} from './commands/command.interface.js';
import { COMMAND_TABLE } from './commands/command-table.js';
import { takesArguments } from './commands/subcommand.js';
import { unknownCommandError } from './commands/unknown-command.js';
import { type IncomingValue } from '../socket/incoming-value.js';
import { type ReplyWriter } from './reply-writer.js';
import { type RespDoorServices } from './resp-door-services.js';
import { type RespSession } from './resp-session.js';

const TOO_LARGE = 'ERR the arguments of this command are too large';
const EMPTY_ARGS: readonly Buffer[] = [];

/** Executes the commands of one connection, one at a time, and writes exactly one reply for each. */
export class CommandRunner implements CommandCall {
  args = EMPTY_ARGS;
  body: IncomingValue | undefined;

  constructor(
    readonly session: RespSession,
    readonly reply: ReplyWriter,
    readonly services: RespDoorServices,
    readonly drained: () => Awaitable<void>,
  ) {}

  /** @returns a promise only when something must be waited for; it never rejects. */
  run(command: RespCommand, body: IncomingValue | undefined): Awaitable<void> {
    this.services.counters.commands++;
    const definition = COMMAND_TABLE.get(command.name);
    const refusal = this.#refusal(command, definition);
    if (refusal !== undefined || definition === undefined) {
      this.reply.error(refusal ?? '');
      return;
    }
    this.session.lastCommand = command.name;
    this.args = command.args;
    this.body = body;
    try {
      const done = definition.run(this);
      return done instanceof Promise ? done.catch(() => this.#fail(definition)) : done;
    } catch {
      this.#fail(definition);
    }
  }

  #refusal(command: RespCommand, definition: RespCommandDefinition | undefined): string | undefined {
    if (definition === undefined) return unknownCommandError(command.args);
    if (!takesArguments(definition.arity, command.argumentCount)) {
      return `ERR wrong number of arguments for '${command.name.toLowerCase()}' command`;
    }
    if (!this.session.authenticated && definition.noAuth !== true) return 'NOAUTH Authentication required.';
    return command.oversized && !isKeyTooLong(command, definition) ? TOO_LARGE : undefined;
  }

  #fail({ onFailure = 'error' }: RespCommandDefinition): void {
    this.services.counters.commandFailures++;
    ANSWERS[onFailure](this.reply);
    if (onFailure === 'ok') this.services.counters.drop('internal');
  }
}

const ANSWERS: Readonly<Record<FailureAnswer, (reply: ReplyWriter) => void>> = {
  ok: (reply) => reply.ok(),
  null: (reply) => reply.null(),
  zero: (reply) => reply.integer(0),
  error: (reply) => reply.error('ERR internal error'),
};

/** Whether nothing is wrong with an oversized command but its one key: it is a name like any other, and never there. */
function isKeyTooLong(
  { args, argumentCount }: RespCommand,
  { keys, onFailure }: RespCommandDefinition,
): boolean {
  return onFailure !== undefined && args.length === 1 && (keys !== ALL_KEYS || argumentCount === 2);
}
