import { isKvError, KvError } from '../common/errors/kv-error.js';
import { type CliIo } from './cli-io.interface.js';

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The options of every command that asks a running server. */
export const SERVER_OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export const SERVER_HELP = `  --url URL       its HTTP door; default: KVNEST_HTTP_URL, which plugin scripts have, or ${DEFAULT_URL}
  --token TOKEN   its auth.token; default: KVNEST_AUTH_TOKEN, or KVNEST_TOKEN, which plugin scripts have
  --json          print the answer as it came
`;

export interface ServerQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly timeoutMs: number;
}

/** Asks the HTTP door of a server. @throws KV_CLI_NO_ANSWER */
export async function askServer(
  { method, path, timeoutMs }: ServerQuestion,
  options: { readonly url?: string | undefined; readonly token?: string | undefined },
  io: CliIo,
): Promise<unknown> {
  const given = options.url ?? io.env['KVNEST_HTTP_URL'] ?? DEFAULT_URL;
  const url = given.includes('://') ? given : `http://${given}`;
  const token = options.token ?? io.env['KVNEST_AUTH_TOKEN'] ?? io.env['KVNEST_TOKEN'];
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok) return await response.json();
    throw await refusal(url, response);
  } catch (error) {
    if (isKvError(error)) throw error;
    throw new KvError('KV_CLI_NO_ANSWER', `no kvnest answers at ${url}`, {
      kind: 'unavailable',
      remedy: 'Start one with "kvnest serve", or name its HTTP door with --url.',
      cause: error,
    });
  }
}

async function refusal(url: string, response: Response): Promise<KvError> {
  const { status } = response;
  const said = status === 401 ? undefined : await readError(response);
  const remedy =
    status === 401
      ? 'Give its auth.token by --token or KVNEST_AUTH_TOKEN.'
      : (said?.remedy ?? 'Check that this is the HTTP door of kvnest.');
  const message = said === undefined ? '' : `: ${said.message}`;
  return new KvError('KV_CLI_NO_ANSWER', `${url} answered ${status}${message}`, {
    kind: 'unavailable',
    remedy,
  });
}

async function readError(
  response: Response,
): Promise<{ readonly message: string; readonly remedy?: string } | undefined> {
  try {
    const { error } = (await response.json()) as { error?: { message: string; remedy?: string } };
    return error;
  } catch {
    return undefined;
  }
}
