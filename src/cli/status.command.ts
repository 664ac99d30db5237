import { isKvError, KvError } from '../common/errors/kv-error.js';
import { type CliCommand, type CliIo, EXIT_OK } from './cli-io.interface.js';
import { type ServerStatus } from '../modules/health/status.controller.js';
import { formatStatus } from './format-status.js';
import { DEBUG_OPTION, parseOptions } from './parse-options.js';

const DEFAULT_URL = 'http://127.0.0.1:8080';
const TIMEOUT_MS = 10_000;

/** `kvnest status`: what a running server says of itself. */
export const statusCommand: CliCommand = {
  help: `Usage: kvnest status [--url URL] [--token TOKEN] [--json]

Asks a running server for its tiers, budgets and counters.

  --url URL       its HTTP door; default ${DEFAULT_URL}
  --token TOKEN   its auth.token; default: KVNEST_AUTH_TOKEN
  --json          print the answer as it came
  --debug         show the stack of errors
`,
  run,
};

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const values = parseOptions('status', args, {
    url: { type: 'string', default: DEFAULT_URL },
    token: { type: 'string' },
    json: { type: 'boolean', default: false },
    ...DEBUG_OPTION,
  });
  const url = values.url.includes('://') ? values.url : `http://${values.url}`;
  const status = await fetchStatus(url, values.token ?? io.env['KVNEST_AUTH_TOKEN']);
  io.out(values.json ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status));
  return EXIT_OK;
}

async function fetchStatus(url: string, token: string | undefined): Promise<ServerStatus> {
  try {
    const response = await fetch(new URL('/v1/status', url), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return (await response.json()) as ServerStatus;
    throw refusal(url, response.status);
  } catch (error) {
    if (isKvError(error)) throw error;
    throw new KvError('KV_CLI_NO_ANSWER', `no kvnest answers at ${url}`, {
      kind: 'unavailable',
      remedy: 'Start one with "kvnest serve", or name its HTTP door with --url.',
      cause: error,
    });
  }
}

function refusal(url: string, status: number): KvError {
  const remedy =
    status === 401
      ? 'Give its auth.token by --token or KVNEST_AUTH_TOKEN.'
      : 'Check that this is the HTTP door of kvnest.';
  return new KvError('KV_CLI_NO_ANSWER', `${url} answered ${status}`, { kind: 'unavailable', remedy });
}
