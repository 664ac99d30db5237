import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { remoteAborted, remoteRefused, remoteTimeout } from '../connector-errors.js';
import { RespConnection, type RespConnectionOptions } from './resp-connection.js';
import { respError } from './resp-errors.js';
import { encodeCommand } from './resp-request.js';

export interface RespSignInOptions {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Chosen with SELECT unless it is 0. */
  readonly database?: number;
  /** For the server's list of clients. Undefined: not told. */
  readonly clientName?: string;
}

export interface OpenRespOptions extends RespConnectionOptions, RespSignInOptions {
  /** How long connecting and signing in may take. */
  readonly connectTimeoutMs: number;
}

/** To be signed in, but not to have a name. */
const MAY_FAIL = new Set(['CLIENT']);

/**
 * Connects and signs in. Version 2 of the protocol serves: it needs no word of greeting, which not every server knows.
 *
 * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_REFUSED, KV_REMOTE_TIMEOUT, KV_REMOTE_PROTOCOL, KV_REMOTE_FAILED
 */
export async function openRespConnection(
  options: OpenRespOptions,
  signal?: AbortSignal,
): Promise<RespConnection> {
  const { label, connectTimeoutMs } = options;
  const connection = new RespConnection(options);
  const giveUp = (): void => connection.destroy(remoteAborted(label));
  const timer = setTimeout(
    () => connection.destroy(remoteTimeout(label, 'connect', connectTimeoutMs)),
    connectTimeoutMs,
  );
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted === true) giveUp();
  try {
    await connection.connected;
    await signIn(connection, options);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

async function signIn(connection: RespConnection, options: OpenRespOptions): Promise<void> {
  const commands = signInCommands(options);
  if (commands.length === 0) return;
  const replies = await connection.call(
    [Buffer.concat(commands.map((command) => encodeCommand(...command)))],
    {
      replies: commands.length,
    },
  );
  for (const [i, reply] of replies.entries()) {
    if (!MAY_FAIL.has(commands[i]?.[0] ?? '') || isRefusal(reply)) expectOk(options.label, reply);
  }
}

function signInCommands({ user, password, database = 0, clientName }: RespSignInOptions): string[][] {
  return [
    ...(password === undefined ? [] : [['AUTH', ...(user === undefined ? [] : [user]), password]]),
    ...(clientName === undefined ? [] : [['CLIENT', 'SETNAME', clientName]]),
    ...(database === 0 ? [] : [['SELECT', String(database)]]),
  ];
}

/** Nobody may do anything here before signing in, or ever. */
function isRefusal(reply: RespValue): boolean {
  return reply instanceof RespErrorReply && reply.code !== 'NOPERM' && reply.code !== 'ERR';
}

/** What the server says against AUTH and SELECT is a refusal, unless it passes. */
function expectOk(label: string, reply: RespValue): void {
  if (!(reply instanceof RespErrorReply)) return;
  const error = respError(label, reply);
  throw error.retryable ? error : remoteRefused(label, reply.message);
}
