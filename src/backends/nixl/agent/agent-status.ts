import { type NativeNixlAgent } from '../../../arena/native/native-nixl.types.js';
import { type BackendAgent } from '../../storage-backend.interface.js';
import { type NixlHealth } from './nixl-agent.interface.js';

/** A call of the library that takes longer hangs. */
const HANGING_MS = 10_000;
const NONE = { transfers: 0, bytes: 0 };

/** @returns which call of the library hangs, if one does. */
export function hangingCall(native: Pick<NativeNixlAgent, 'runningMs' | 'runningCall'>): string | undefined {
  return native.runningMs > HANGING_MS ? `${native.runningCall} does not return` : undefined;
}

/**
 * What the status page tells of an agent.
 *
 * @param reason why there is none, or the last thing that went wrong, as far as the agent itself does not know.
 */
export function agentStatus(
  agent: { readonly version: string; health(): NixlHealth } | undefined,
  reason?: string,
): BackendAgent {
  if (agent === undefined) {
    const why = reason ?? 'it is not started';
    return { library: 'NIXL', up: false, reason: why, peers: 0, inFlight: NONE, quarantined: NONE };
  }
  const { up, error = reason, peers, inFlight, quarantined } = agent.health();
  return {
    library: `NIXL ${agent.version}`,
    up,
    ...(error !== undefined && { reason: error }),
    peers: peers.length,
    inFlight,
    quarantined,
  };
}
