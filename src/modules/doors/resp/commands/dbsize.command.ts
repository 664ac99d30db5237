import { chain } from '../../../../common/awaitable.js';
import { NO_KEYS, type RespCommandDefinition } from './command.interface.js';

export const dbsizeCommand: RespCommandDefinition = {
  name: 'DBSIZE',
  arity: 1,
  flags: ['readonly', 'fast'],
  keys: NO_KEYS,
  run: ({ reply, services, session }) =>
    chain(services.keyspace.count(session.database), (count) => reply.integer(count)),
};
