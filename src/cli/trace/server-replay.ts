import { usageError } from '../cli-error.js';
import { type CliIo } from '../cli-io.interface.js';
import { countOption, listed, tokenBytes } from './replay-options.js';
import { type ReplayWay } from './replay-way.interface.js';
import { replayAgainstServer, type ServerReplayOptions } from './server/replay-against-server.js';
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
  prefetch: { type: 'string', multiple: true },
  prefill: { type: 'string' },
} as const;

export interface ServerValues {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly speed: string;
  readonly requests?: string | undefined;
  readonly 'in-flight'?: string | undefined;
  readonly prefetch?: readonly string[] | undefined;
  readonly prefill?: string | undefined;
  readonly policy?: unknown;
  readonly capacity?: unknown;
  readonly admission?: unknown;
  readonly disk?: unknown;
  readonly path?: unknown;
  readonly 'bytes-per-token'?: string | undefined;
  readonly json: boolean;
}

/** Against a running server, whose policy and capacity are its own. @throws KV_CLI_USAGE */
export function againstServer(values: ServerValues, { env }: CliIo): ReplayWay {
  noSuch(values, ['policy', 'admission', 'capacity', 'disk', 'path'], '--url');
  const [prefetchAhead = 0, another] = prefetchCounts(values.prefetch);
  if (another !== undefined) {
    throw usageError(
      '--prefetch has several numbers',
      'With --url give one; with --serve each has a server.',
    );
  }
  const options = {
    ...serverPace(values),
    prefetchAhead,
    url: values.url ?? '',
    token: values.token ?? env['KVNEST_AUTH_TOKEN'] ?? env['KVNEST_TOKEN'],
  };
  return {
    bytesPerToken: serverBytesPerToken(values),
    run: async (trace, out) => {
      const totals = await replayAgainstServer(trace, options);
      out(values.json ? `${JSON.stringify(serverReplayJson(totals))}\n` : formatServerReplay(totals));
    },
  };
}

/** How requests are sent. @throws KV_CLI_USAGE */
export function serverPace(
  values: ServerValues,
): Omit<ServerReplayOptions, 'url' | 'token' | 'prefetchAhead'> {
  return {
    speed: readSpeed(values.speed),
    requests: countOption('requests', values.requests, Infinity),
    atOnce: countOption('in-flight', values['in-flight'], DEFAULT_AT_ONCE),
    prefillRate: countOption('prefill', values.prefill, Infinity),
  };
}

/** @throws KV_CLI_USAGE */
export function serverBytesPerToken(values: ServerValues): number {
  return tokenBytes(values['bytes-per-token'], DEFAULT_BYTES_PER_TOKEN);
}

/** 0 where there is none. @throws KV_CLI_USAGE */
export function prefetchCounts(values: readonly string[] | undefined): readonly number[] {
  const counts = listed(values).map((text) => (text === '0' ? 0 : countOption('prefetch', text, 0)));
  return counts.length === 0 ? [0] : counts;
}

/** @throws KV_CLI_USAGE when one of them is given. */
export function noSuch(
  values: ServerValues,
  options: readonly ('policy' | 'admission' | 'capacity' | 'disk' | 'path' | 'url' | 'token')[],
  way: string,
): void {
  const given = options.find((option) => values[option] !== undefined);
  if (given === undefined) return;
  throw usageError(`--${given} means nothing with ${way}`, 'The server has its own: see its configuration.');
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
