import { type CommandCall, NO_KEYS, type RespCommandDefinition } from './command.interface.js';

export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';

export const authCommand: RespCommandDefinition = {
  name: 'AUTH',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  keys: NO_KEYS,
  noAuth: true,
  run: (call) => {
    const { args, reply, services } = call;
    const [, first, second] = args;
    if (args.length > 3) {
      reply.error('ERR syntax error');
      return;
    }
    if (second === undefined && !services.auth.required) {
      reply.error(NO_PASSWORD_SET);
      return;
    }
    const [user, password] = second === undefined ? [undefined, first] : [first, second];
    if (authenticate(call, user, password ?? Buffer.alloc(0))) reply.ok();
    else reply.error(WRONG_PASSWORD);
  },
};

/** A wrong password leaves the connection as authenticated as it was. */
export function authenticate(
  { session, services }: CommandCall,
  user: Buffer | undefined,
  password: Buffer,
): boolean {
  if (!services.auth.accepts(user, password)) return false;
  session.authenticated = true;
  return true;
}
