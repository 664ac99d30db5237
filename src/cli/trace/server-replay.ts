import { usageError } from '../cli-error.js';
import { type CliIo } from '../cli-io.interface.js';
import { countOption, tokenBytes } from './replay-options.js';
import { type ReplayWay } from './replay-way.interface.js';
import { replayAgainstServer } from './server/replay-against-server.js';
import { formatServerReplay, serverReplayJson } from './server/server-report.js';

/** 128 KiB for a block of Mooncake's: what a machine without the model's memory can serve. */
const DEFAULT_BYTES_PER_TOKEN = 256;
const DEFAULT_AT_ONCE = 16;
const MAX = 'max';

export const SERVER_REPLAY_OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  speed: { type: 'string', default: '1' },
  requests: { type: 'string' },
  'in-flight': { type: 'string' },
  prefetch: { type: 'string' },
} as const;

interface ServerValues {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly speed: string;
  readonly requests?: string | undefined;
  readonly 'in-flight'?: string | undefined;
  readonly prefetch?: string | undefined;
  readonly policy?: unknown;
  readonly capacity?: unknown;
  readonly admission?: unknown;
  readonly disk?: unknown;
  readonly 'bytes-per-token'?: string | undefined;
  readonly json: boolean;
}

/** Against a running server, whose policy and capacity are its own. @throws KV_CLI_USAGE */
export function againstServer(values: ServerValues, { env }: CliIo): ReplayWay {
  for (const option of ['policy', 'admission', 'capacity', 'disk'] as const) {
    if (values[option] === undefined) continue;
    throw usageError(
      `--${option} means nothing with --url`,
      'The server has its own: see its configuration.',
    );
  }
  const options = {
    url: values.url ?? '',
    token: values.token ?? env['KVNEST_AUTH_TOKEN'] ?? env['KVNEST_TOKEN'],
    speed: readSpeed(values.speed),
    requests: countOption('requests', values.requests, Infinity),
    atOnce: countOption('in-flight', values['in-flight'], DEFAULT_AT_ONCE),
    prefetchAhead: values.prefetch === undefined ? 0 : countOption('prefetch', values.prefetch, 0),
  };
  return {
    bytesPerToken: tokenBytes(values['bytes-per-token'], DEFAULT_BYTES_PER_TOKEN),
    run: async (trace, out) => {
      const totals = await replayAgainstServer(trace, options);
      out(values.json ? `${JSON.stringify(serverReplayJson(totals))}\n` : formatServerReplay(totals));
    },
  };
}

function readSpeed(text: string): number {
  if (text === MAX) return Infinity;
  const speed = Number(text);
  if (text.trim() !== '' && speed > 0 && Number.isFinite(speed)) return speed;
  throw usageError(
    `--speed ${text} is no speed`,
    'Give 1 for the original, 10 for ten times as fast, or max.',
  );
}
