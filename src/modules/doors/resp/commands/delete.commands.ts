import { chain } from '../../../../common/awaitable.js';
import { ALL_KEYS, type RespCommandDefinition } from './command.interface.js';
import { namesIn } from './names.js';

export const delCommand: RespCommandDefinition = {
  name: 'DEL',
  arity: -2,
  flags: ['write'],
  keys: ALL_KEYS,
  onFailure: 'zero',
  run: (call) => chain(call.services.remover.remove(namesIn(call)), (count) => call.reply.integer(count)),
};

/** Removing never waits for memory to be freed, so both are one. */
export const unlinkCommand: RespCommandDefinition = {
  ...delCommand,
  name: 'UNLINK',
  flags: ['write', 'fast'],
};
