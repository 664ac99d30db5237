import { randomUUID } from 'node:crypto';
import { loadNative } from '../../../arena/native/load-native.js';
import { isKvError } from '../../../common/errors/kv-error.js';
import { findNixlLibraries } from '../library/library-search.js';
import { nixlUnavailable } from '../nixl-errors.js';
import { ActiveNixlAgent, type AgentLimits } from './active-agent.js';
import { type NixlAgent } from './nixl-agent.interface.js';

export interface StartNixlOptions extends Partial<AgentLimits> {
  /** The whole region of the arena: peers read from it, reads write to it. Close the agent before the arena. */
  readonly region: ArrayBuffer;
  /** Where the library is looked for. Default `process.env`; the library itself always reads that of the process. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly startTimeoutMs?: number;
  /** Of the agent: one that no other process has or had. Default a new UUID. */
  readonly name?: string;
}

const DEFAULTS = { maxReads: 4096, addPeerTimeoutMs: 10_000 } satisfies Partial<AgentLimits>;
/** What one peer may hold of the region when it hangs: of what is on its way, of what comes too late. */
const MAX_HELD_BYTES = 256 * 1024 * 1024;
const HELD_PART = 4;
const START_TIMEOUT_MS = 30_000;

/**
 * Finds NIXL and makes an agent of it.
 * @throws KV_NIXL_UNAVAILABLE with every place that was looked at and why it was of no use
 */
export async function startNixlAgent(options: StartNixlOptions): Promise<NixlAgent> {
  const { environment = process.env, startTimeoutMs = START_TIMEOUT_MS, ...rest } = options;
  const { addon, reason } = loadNative();
  if (addon === undefined) throw nixlUnavailable(`the native addon is ${reason}`);
  const { candidates, absent } = await findNixlLibraries(environment);
  const maxHeldBytes = Math.min(MAX_HELD_BYTES, options.region.byteLength / HELD_PART);
  const agent = new ActiveNixlAgent(addon.NixlAgent, {
    ...DEFAULTS,
    maxPostedBytes: Math.floor(maxHeldBytes),
    maxQuarantinedBytes: maxHeldBytes,
    name: randomUUID(),
    ...rest,
    libraries: candidates,
  });
  try {
    await agent.start(startTimeoutMs);
    return agent;
  } catch (error) {
    if (!isKvError(error, 'KV_NIXL_UNAVAILABLE') || absent.length === 0) throw error;
    const attempts = [error.details?.['attempts'] ?? error.message].flat().map(String);
    throw nixlUnavailable('no library can be used', [
      ...attempts,
      ...absent.map((file) => `${file}: not there`),
    ]);
  }
}
