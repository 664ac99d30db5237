import { chain } from '../../../../common/awaitable.js';
import { ONE_KEY, type RespCommandDefinition } from './command.interface.js';
import { nameAt } from './names.js';

export const typeCommand: RespCommandDefinition = {
  name: 'TYPE',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  run: (call) => {
    const name = nameAt(call, 1);
    const there = name !== undefined && call.services.keyspace.isThere(name);
    return chain(there, (isString) => call.reply.simple(isString ? 'string' : 'none'));
  },
};
