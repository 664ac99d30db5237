import { readTrace } from '../../modules/trace/format/read-trace.js';
import { usageError } from '../cli-error.js';
import { type CliIo, EXIT_OK } from '../cli-io.interface.js';
import { DEBUG_OPTION, parseNamed } from '../parse-options.js';
import { served, SERVED_REPLAY_OPTIONS } from './served-replay.js';
import { againstServer, SERVER_REPLAY_OPTIONS } from './server-replay.js';
import { SIMULATION_OPTIONS, simulated } from './simulated-replay.js';

/** `kvnest trace replay`: a trace against simulated tiers, a running server, or servers of its own. */
export async function replay(args: readonly string[], io: CliIo): Promise<number> {
  const { name: path, values } = parseNamed('trace', args, {
    ...SIMULATION_OPTIONS,
    ...SERVER_REPLAY_OPTIONS,
    ...SERVED_REPLAY_OPTIONS,
    'bytes-per-token': { type: 'string' },
    json: { type: 'boolean', default: false },
    ...DEBUG_OPTION,
  });
  if (path === undefined) throw usageError('trace replay needs a file', 'Run "kvnest trace --help".');
  const way = values.serve
    ? served(values)
    : values.url === undefined
      ? simulated(values)
      : againstServer(values, io);
  const trace = await readTrace(path, { bytesPerToken: way.bytesPerToken });
  await way.run(trace, (text) => io.out(text));
  return EXIT_OK;
}
