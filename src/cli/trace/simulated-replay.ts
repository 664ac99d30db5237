import { findAdmissionPolicy } from '../../modules/tiers/admission/admission-policies.catalog.js';
import { findEvictionPolicy } from '../../modules/tiers/eviction/eviction-policies.catalog.js';
import { simulateBelady } from '../../modules/trace/simulation/belady.js';
import { type Capacity } from '../../modules/trace/simulation/capacity.interface.js';
import { simulate, type SimulationResult } from '../../modules/trace/simulation/simulate.js';
import { type Trace } from '../../modules/trace/trace.interface.js';
import { usageError } from '../cli-error.js';
import { admissionNames, BELADY, capacities, policyNames, tokenBytes } from './replay-options.js';
import { formatReplay, replayJson, type ReplayRow } from './replay-report.js';
import { type ReplayWay } from './replay-way.interface.js';

/** As Llama 3.1 8B in bf16. */
const DEFAULT_BYTES_PER_TOKEN = 128 * 1024;
/** Where nobody knows how many there will be; policies grow beyond it. */
const ENTRIES_HINT = 1_024;

export const SIMULATION_OPTIONS = {
  policy: { type: 'string', multiple: true },
  capacity: { type: 'string', multiple: true },
  disk: { type: 'string' },
  admission: { type: 'string', multiple: true },
} as const;

interface SimulationValues {
  readonly policy?: readonly string[] | undefined;
  readonly capacity?: readonly string[] | undefined;
  readonly disk?: string | undefined;
  readonly admission?: readonly string[] | undefined;
  readonly 'bytes-per-token'?: string | undefined;
  readonly json: boolean;
}

/** Against tiers without bytes, for every policy and capacity. @throws KV_CLI_USAGE */
export function simulated(values: SimulationValues): ReplayWay {
  const policies = policyNames(values.policy);
  const sizes = capacities('capacity', values.capacity);
  if (sizes.length === 0) throw usageError('trace replay needs a capacity', 'Give --capacity, such as 10k.');
  const admissions = admissionNames(values.admission);
  const [disk] = values.disk === undefined ? [] : capacities('disk', [values.disk]);
  return {
    bytesPerToken: tokenBytes(values['bytes-per-token'], DEFAULT_BYTES_PER_TOKEN),
    run: (trace, out) => {
      const rows: ReplayRow[] = [];
      for (const capacity of sizes) {
        const optimum = simulateBelady(trace, disk ?? capacity);
        for (const policy of policies) {
          // The optimum admits what it will need.
          for (const admission of policy === BELADY ? [BELADY] : admissions) {
            const stack = { capacity, disk, policy, admission };
            const row = {
              ...stack,
              optimum,
              result: policy === BELADY ? optimum : simulateStack(trace, stack),
            };
            rows.push(row);
            if (values.json) out(`${JSON.stringify(replayJson(row))}\n`);
          }
        }
      }
      if (!values.json) out(formatReplay(rows));
      return Promise.resolve();
    },
  };
}

interface Stack {
  readonly capacity: Capacity;
  readonly disk: Capacity | undefined;
  readonly policy: string;
  readonly admission: string;
}

function simulateStack(trace: Trace, { capacity, disk, policy, admission }: Stack): SimulationResult {
  const factory = findEvictionPolicy(policy);
  const tier = (name: string, held: Capacity) => ({
    name,
    capacity: held,
    policy: factory.create(held.unit === 'blocks' ? held.amount : ENTRIES_HINT),
    admission: findAdmissionPolicy(admission).create(),
  });
  return simulate(trace, [tier('memory', capacity), ...(disk === undefined ? [] : [tier('disk', disk)])]);
}
