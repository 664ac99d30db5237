import { parseByteSize } from '../../config/schema/byte-size.js';
import { findEvictionPolicy } from '../../modules/tiers/eviction/eviction-policies.catalog.js';
import { readTrace } from '../../modules/trace/format/read-trace.js';
import { simulateBelady } from '../../modules/trace/simulation/belady.js';
import { type Capacity } from '../../modules/trace/simulation/capacity.interface.js';
import { simulate, type SimulationResult } from '../../modules/trace/simulation/simulate.js';
import { type Trace } from '../../modules/trace/trace.interface.js';
import { usageError } from '../cli-error.js';
import { type CliIo, EXIT_OK } from '../cli-io.interface.js';
import { DEBUG_OPTION, parseNamed } from '../parse-options.js';
import { BELADY, capacities, policyNames } from './replay-options.js';
import { formatReplay, replayJson, type ReplayRow } from './replay-report.js';

const HELP = 'Run "kvnest trace --help".';

const OPTIONS = {
  policy: { type: 'string', multiple: true },
  capacity: { type: 'string', multiple: true },
  disk: { type: 'string' },
  'bytes-per-token': { type: 'string', default: '128KiB' },
  json: { type: 'boolean', default: false },
  ...DEBUG_OPTION,
} as const;

/** `kvnest trace replay`: a trace against simulated tiers. */
export async function replay(args: readonly string[], io: CliIo): Promise<number> {
  const { name: path, values } = parseNamed('trace', args, OPTIONS);
  if (path === undefined) throw usageError('trace replay needs a file', HELP);
  const policies = policyNames(values.policy);
  const sizes = capacities('capacity', values.capacity);
  if (sizes.length === 0) throw usageError('trace replay needs a capacity', 'Give --capacity, such as 10k.');
  const [disk] = values.disk === undefined ? [] : capacities('disk', [values.disk]);
  const trace = await readTrace(path, { bytesPerToken: tokenBytes(values['bytes-per-token']) });
  const rows: ReplayRow[] = [];
  for (const capacity of sizes) {
    const optimum = simulateBelady(trace, disk ?? capacity);
    for (const policy of policies) {
      const result = policy === BELADY ? optimum : simulatePolicy(trace, policy, capacity, disk);
      rows.push({ policy, capacity, disk, result, optimum });
      if (values.json) io.out(`${JSON.stringify(replayJson(rows.at(-1) as ReplayRow))}\n`);
    }
  }
  if (!values.json) io.out(formatReplay(rows));
  return EXIT_OK;
}

function simulatePolicy(
  trace: Trace,
  policy: string,
  capacity: Capacity,
  disk: Capacity | undefined,
): SimulationResult {
  const factory = findEvictionPolicy(policy);
  const tier = (name: string, held: Capacity) => ({
    name,
    capacity: held,
    policy: factory.create(held.unit === 'blocks' ? held.amount : 1_024),
  });
  return simulate(trace, [tier('memory', capacity), ...(disk === undefined ? [] : [tier('disk', disk)])]);
}

function tokenBytes(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw usageError(`--bytes-per-token ${text} is no size`, 'Give one such as 128KiB.');
}
