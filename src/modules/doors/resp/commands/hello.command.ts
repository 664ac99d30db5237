import { REDIS_VERSION } from './redis-version.js';
import { authenticate, WRONG_PASSWORD } from './auth.command.js';
import { clientNameError } from './client-name.js';
import { type CommandCall, NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { parseInt64 } from './integer.js';

const AUTHENTICATE_FIRST =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

interface HelloOptions {
  readonly user?: Buffer;
  readonly password?: Buffer;
  readonly name?: Buffer;
}

export const helloCommand: RespCommandDefinition = {
  name: 'HELLO',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  keys: NO_KEYS,
  noAuth: true,
  run: (call) => {
    const error = negotiate(call);
    if (error !== undefined) {
      call.reply.error(error);
      return;
    }
    const { reply, session } = call;
    reply.tree(
      new Map<string, string | number | readonly []>([
        ['server', 'redis'],
        ['version', REDIS_VERSION],
        ['proto', reply.version],
        ['id', session.id],
        ['mode', 'standalone'],
        ['role', 'master'],
        ['modules', []],
      ]),
    );
  },
};

/** Changes nothing unless everything is right, but for the authentication. @returns the text of an error. */
function negotiate(call: CommandCall): string | undefined {
  const { args, reply, session } = call;
  const version = readVersion(args[1], reply.version);
  if (typeof version === 'string') return version;
  const options = readOptions(args);
  if (typeof options === 'string') return options;
  if (options.password !== undefined && !authenticate(call, options.user, options.password))
    return WRONG_PASSWORD;
  if (!session.authenticated) return AUTHENTICATE_FIRST;
  const nameError = options.name === undefined ? undefined : clientNameError(options.name);
  if (nameError !== undefined) return nameError;
  if (options.name !== undefined) session.name = options.name.toString('utf8');
  reply.version = version;
  return undefined;
}

function readVersion(text: Buffer | undefined, current: 2 | 3): 2 | 3 | string {
  if (text === undefined) return current;
  const version = parseInt64(text);
  if (version === undefined) return 'ERR Protocol version is not an integer or out of range';
  if (version === 2n) return 2;
  return version === 3n ? 3 : 'NOPROTO unsupported protocol version';
}

function readOptions(args: readonly Buffer[]): HelloOptions | string {
  let options: HelloOptions = {};
  for (let index = 2; index < args.length;) {
    const option = (args[index] as Buffer).toString('latin1');
    const [first, second] = [args[index + 1], args[index + 2]];
    if (option.toUpperCase() === 'AUTH' && first !== undefined && second !== undefined) {
      options = { ...options, user: first, password: second };
      index += 3;
    } else if (option.toUpperCase() === 'SETNAME' && first !== undefined) {
      options = { ...options, name: first };
      index += 2;
    } else {
      return `ERR Syntax error in HELLO option '${option}'`;
    }
  }
  return options;
}
