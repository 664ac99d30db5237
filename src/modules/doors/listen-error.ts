import { KvError } from '../../common/errors/kv-error.js';
import { type DoorLimits } from '../../config/kvnest-config.interface.js';

/** @param door its name in the configuration. */
export function listenError(door: string, { host, port }: DoorLimits, cause: unknown): KvError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KvError('KV_DOOR_LISTEN', `the ${door} door cannot listen on ${host}:${port}: ${reason}`, {
    kind: 'config',
    remedy: `Stop what listens there, or set doors.${door}.port (0 = any free port) and doors.${door}.host.`,
    cause,
  });
}
