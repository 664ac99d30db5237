import { KvError } from '../../../common/errors/kv-error.js';
import { type DoorSecret } from '../door-secret.js';

/** The token of a message: `token`, beside what is in its data. Handlers do not see it. */
export class MessageAuth {
  constructor(private readonly secret: DoorSecret) {}

  /** @returns what is wrong with a message, or undefined. */
  check(data: unknown): KvError | undefined {
    if (!this.secret.required) return undefined;
    const token = tokenOf(data);
    if (typeof token === 'string') {
      if (this.secret.matches(token)) return undefined;
      return new KvError('KV_AUTH_WRONG', 'the token is not the one of this server', { kind: 'input' });
    }
    return new KvError('KV_AUTH_REQUIRED', 'this server asks for a token', {
      kind: 'input',
      remedy: 'send token: <auth.token of the server> in the data of each message',
    });
  }

  withoutToken(data: unknown): unknown {
    if (!this.secret.required || typeof data !== 'object' || data === null) return data;
    const rest: Record<string, unknown> = { ...data };
    delete rest['token'];
    return rest;
  }
}

function tokenOf(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'token' in data ? data.token : undefined;
}
