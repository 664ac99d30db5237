import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { type OpenOptions, openInTime } from '../connection-pool/open-in-time.js';
import { remoteRefused } from '../connector-errors.js';
import { RespConnection, type RespConnectionOptions } from './resp-connection.js';
import { respError, withoutArguments } from './resp-errors.js';
import { encodeCommand } from './resp-request.js';

export interface RespSignInOptions {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Chosen with SELECT unless it is 0. */
  readonly database?: number;
  /** For the server's list of clients. Undefined: not told. */
  readonly clientName?: string;
}

export interface OpenRespOptions extends RespConnectionOptions, RespSignInOptions, OpenOptions {}

/** To be signed in, but not to have a name. */
const MAY_FAIL = new Set(['CLIENT']);

/**
 * Connects and signs in. Version 2 of the protocol serves: it needs no word of greeting, which not every server knows.
 *
 * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_REFUSED, KV_REMOTE_TIMEOUT, KV_REMOTE_PROTOCOL, KV_REMOTE_FAILED
 */
export function openRespConnection(options: OpenRespOptions, signal?: AbortSignal): Promise<RespConnection> {
  const ready = async (connection: RespConnection): Promise<void> => {
    await connection.connected;
    await signIn(connection, options);
  };
  return openInTime(new RespConnection(options), ready, options, signal);
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
  throw error.retryable ? error : remoteRefused(label, withoutArguments(reply.message));
}
