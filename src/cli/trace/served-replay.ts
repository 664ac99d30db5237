import { usageError } from '../cli-error.js';
import { capacities } from './replay-options.js';
import { type ReplayWay } from './replay-way.interface.js';
import { OwnServer } from './server/own-server.js';
import { replayAgainstServer } from './server/replay-against-server.js';
import { formatServed, servedJson, type ServedRow } from './server/served-report.js';
import {
  noSuch,
  prefetchCounts,
  serverBytesPerToken,
  serverPace,
  type ServerValues,
} from './server-replay.js';

export const SERVED_REPLAY_OPTIONS = {
  serve: { type: 'boolean', default: false },
  path: { type: 'string' },
  buffered: { type: 'boolean', default: false },
} as const;

export interface ServedValues extends ServerValues {
  readonly capacity?: readonly string[] | undefined;
  readonly disk?: string | undefined;
  readonly path?: string | undefined;
  readonly buffered: boolean;
}

/** Against servers of its own, one after the other and empty each, once for each number of --prefetch. @throws KV_CLI_USAGE */
export function served(values: ServedValues): ReplayWay {
  noSuch(values, ['policy', 'admission', 'url', 'token'], '--serve');
  const server = {
    memoryBytes: bytesOf('capacity', values.capacity),
    diskBytes: bytesOf('disk', values.disk === undefined ? undefined : [values.disk]),
    path: values.path,
    buffered: values.buffered,
  };
  const pace = serverPace(values);
  const ahead = prefetchCounts(values.prefetch);
  return {
    bytesPerToken: serverBytesPerToken(values),
    run: async (trace, out) => {
      const rows: ServedRow[] = [];
      for (const prefetchAhead of ahead) {
        await using running = await OwnServer.start(server);
        const options = { ...pace, prefetchAhead, url: running.url, token: undefined };
        const totals = await replayAgainstServer(trace, options);
        const row = { ...server, prefetch: prefetchAhead, totals };
        rows.push(row);
        if (values.json) out(`${JSON.stringify(servedJson(row))}\n`);
      }
      if (!values.json) out(formatServed(rows));
    },
  };
}

function bytesOf(option: string, values: readonly string[] | undefined): number {
  const [capacity, another] = capacities(option, values);
  if (capacity?.unit === 'bytes' && another === undefined) return capacity.amount;
  throw usageError(`--serve needs one --${option} in bytes`, `Give --${option}, such as --${option} 1GiB.`);
}
