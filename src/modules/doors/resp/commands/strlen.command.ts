import { chain } from '../../../../common/awaitable.js';
import { ONE_KEY, type RespCommandDefinition } from './command.interface.js';
import { nameAt } from './names.js';

export const strlenCommand: RespCommandDefinition = {
  name: 'STRLEN',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  onFailure: 'zero',
  run: (call) => {
    const name = nameAt(call, 1);
    if (name === undefined) {
      call.reply.integer(0);
      return;
    }
    return chain(call.services.keyspace.get(name), (handle) => {
      using chunk = handle;
      const length = name.part === 'metadata' ? chunk?.metadata.length : chunk?.lengthBytes;
      call.reply.integer(length ?? 0);
    });
  },
};
