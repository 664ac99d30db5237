import { setTimeout as delay } from 'node:timers/promises';
import { formatBytes } from '../../common/format-bytes.js';
import { type RecordingStatus } from '../../modules/trace/recording/recording-status.interface.js';
import { askServer, SERVER_OPTIONS } from '../ask-server.js';
import { usageError } from '../cli-error.js';
import { type CliIo, EXIT_FAILURE, EXIT_OK } from '../cli-io.interface.js';
import { DEBUG_OPTION, parseOptions } from '../parse-options.js';

const TIMEOUT_MS = 30_000;
/** What a timer can wait for. */
const MAX_SECONDS = 2_147_483;

/** `kvnest trace record`: has a running server record, until it is enough. */
export async function record(args: readonly string[], io: CliIo): Promise<number> {
  const options = parseOptions('trace', args, {
    ...SERVER_OPTIONS,
    ...DEBUG_OPTION,
    seconds: { type: 'string' },
    start: { type: 'boolean' },
    stop: { type: 'boolean' },
    status: { type: 'boolean' },
  });
  const ask = async (path: string): Promise<RecordingStatus> => {
    const method = path === '' ? 'GET' : 'POST';
    return (await askServer(
      { method, path: `/v1/trace${path}`, timeoutMs: TIMEOUT_MS },
      options,
      io,
    )) as RecordingStatus;
  };
  const seconds = readSeconds(options.seconds);
  if (options.status === true) return report(await ask(''), options.json, io);
  if (options.stop === true) return report(await ask('/stop'), options.json, io);
  const started = await ask('/start');
  if (options.start === true) return report(started, options.json, io);
  if (!options.json) io.err(`recording to ${started.path} on the server; Ctrl-C ends it\n`);
  await enough(seconds);
  return report(await ask('/stop'), options.json, io);
}

/** Until the time is up, or somebody interrupts. */
async function enough(seconds: number): Promise<void> {
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await delay(1_000 * seconds, undefined, { signal: interrupted.signal }).catch(() => undefined);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function readSeconds(text: string | undefined): number {
  if (text === undefined) return MAX_SECONDS;
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw usageError(`--seconds ${text} is no time`, `Give a number up to ${MAX_SECONDS}.`);
}

function report(status: RecordingStatus, json: boolean, io: CliIo): number {
  io.out(json ? `${JSON.stringify(status, null, 2)}\n` : describe(status));
  return status.error === undefined ? EXIT_OK : EXIT_FAILURE;
}

function describe({ recording, path, startedAt, events, bytes, lostEvents, error }: RecordingStatus): string {
  if (startedAt === undefined) return 'nothing was recorded\n';
  return [
    `${recording ? 'recording' : 'recorded'} since ${startedAt}: ${path}\n`,
    `${events} events, ${formatBytes(bytes)}\n`,
    ...(lostEvents > 0 ? [`${lostEvents} events lost: the disk was too slow\n`] : []),
    ...(error === undefined ? [] : [`the disk failed: ${error}\n`]),
  ].join('');
}
