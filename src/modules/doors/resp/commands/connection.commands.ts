import { NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { NOT_AN_INTEGER, parseInt64 } from './integer.js';

const DATABASES = 16;

export const pingCommand: RespCommandDefinition = {
  name: 'PING',
  arity: -1,
  flags: ['fast'],
  keys: NO_KEYS,
  run: ({ args, reply }) => {
    if (args.length > 2) reply.error("ERR wrong number of arguments for 'ping' command");
    else if (args[1] !== undefined) reply.bulk(args[1]);
    else reply.simple('PONG');
  },
};

export const echoCommand: RespCommandDefinition = {
  name: 'ECHO',
  arity: 2,
  flags: ['fast'],
  keys: NO_KEYS,
  run: ({ args, reply }) => reply.bulk(args[1] ?? ''),
};

/** The connection closes behind the reply: the door sees to it. */
export const quitCommand: RespCommandDefinition = {
  name: 'QUIT',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth'],
  keys: NO_KEYS,
  noAuth: true,
  run: ({ reply }) => reply.ok(),
};

export const selectCommand: RespCommandDefinition = {
  name: 'SELECT',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  keys: NO_KEYS,
  run: ({ args, reply, session }) => {
    const database = parseInt64(args[1] ?? Buffer.alloc(0));
    if (database === undefined) {
      reply.error(NOT_AN_INTEGER);
    } else if (database !== BigInt.asIntN(32, database)) {
      reply.error('ERR value is out of range, value must between -2147483648 and 2147483647');
    } else if (database < 0n || database >= DATABASES) {
      reply.error('ERR DB index is out of range');
    } else {
      session.database = Number(database);
      reply.ok();
    }
  },
};
