import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { ALL_KEYS, type CommandCall, type RespCommandDefinition } from './command.interface.js';
import { replyWithValue } from './get.command.js';
import { nameAt } from './names.js';

export const mgetCommand: RespCommandDefinition = {
  name: 'MGET',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: ALL_KEYS,
  run: (call) => {
    call.reply.arrayHeader(call.args.length - 1);
    return replyFrom(call, 1);
  },
};

/** One value after the other, each once the client has read most of those before: nothing is held while waiting. */
function replyFrom(call: CommandCall, first: number): Awaitable<void> {
  for (let index = first; index < call.args.length; index++) {
    const done = chain(call.drained(), () => replyOrNull(call, index));
    if (done instanceof Promise) return done.then(() => replyFrom(call, index + 1));
  }
}

function replyOrNull(call: CommandCall, index: number): Awaitable<void> {
  const giveUp = (): void => {
    call.services.counters.commandFailures++;
    call.reply.null();
  };
  try {
    const done = replyWithValue(call, nameAt(call, index));
    return done instanceof Promise ? done.catch(giveUp) : done;
  } catch {
    giveUp();
  }
}
