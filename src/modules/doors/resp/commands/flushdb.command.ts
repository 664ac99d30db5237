import { chain } from '../../../../common/awaitable.js';
import { NO_KEYS, type RespCommandDefinition } from './command.interface.js';

const MODES = new Set(['SYNC', 'ASYNC']);

export const flushdbCommand: RespCommandDefinition = {
  name: 'FLUSHDB',
  arity: -1,
  flags: ['write'],
  keys: NO_KEYS,
  run: ({ args, reply, services, session }) => {
    const mode = args[1]?.toString('latin1').toUpperCase();
    if (args.length > 2 || (mode !== undefined && !MODES.has(mode))) {
      reply.error('ERR syntax error');
      return;
    }
    return chain(services.keyspace.clear(session.database), () => reply.ok());
  },
};
