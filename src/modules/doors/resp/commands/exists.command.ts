import { chain } from '../../../../common/awaitable.js';
import { ALL_KEYS, type RespCommandDefinition } from './command.interface.js';
import { namesIn } from './names.js';

export const existsCommand: RespCommandDefinition = {
  name: 'EXISTS',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: ALL_KEYS,
  onFailure: 'zero',
  run: (call) => chain(call.services.keyspace.exists(namesIn(call)), (count) => call.reply.integer(count)),
};
