import { resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type DoorLimits, type KvnestConfig, type TcpDoorLimits } from '../kvnest-config.interface.js';
import { type DoorsSettings, LmDoorSettings, type TcpDoorSettings } from '../settings/door.settings.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';

/** What `lm` and the others have in common. */
type CommonSettings = Exclude<DoorsSettings['http'], false>;

/** Where the doors listen, and what they take. */
export function buildDoors(
  { doors, auth }: KvnestSettings,
  cwd: string,
  findings: Findings,
): KvnestConfig['doors'] {
  return {
    http: doors.http && limits(doors.http),
    resp: doors.resp && limits(doors.resp),
    lm: limitsOf(doors.lm ?? (auth.token === undefined && new LmDoorSettings())),
    tcp: doors.tcp && { ...limits(doors.tcp), ...tcpLimits(doors.tcp, cwd, findings) },
    nest: doors.nest && limits(doors.nest),
  };
}

function limitsOf(door: CommonSettings | false): DoorLimits | false {
  return door && limits(door);
}

function limits(door: CommonSettings): DoorLimits {
  return {
    host: door.host,
    port: door.port,
    maxValueBytes: door.max_value,
    maxConnections: door.max_connections,
    bodyTimeoutMs: door.body_timeout_ms,
  };
}

function tcpLimits(
  door: TcpDoorSettings,
  cwd: string,
  findings: Findings,
): Omit<TcpDoorLimits, keyof DoorLimits> {
  const { heartbeat_ms, max_in_flight, tls_cert, tls_key, tls_client_ca } = door;
  const common = { heartbeatMs: heartbeat_ms, maxInFlight: max_in_flight };
  if (tls_cert === undefined && tls_key === undefined) {
    if (tls_client_ca !== undefined) {
      findings.problem('doors.tcp.tls_client_ca', 'means nothing without tls_cert and tls_key');
    }
    return { ...common, tls: undefined };
  }
  if (tls_cert === undefined || tls_key === undefined) {
    const missing = tls_cert === undefined ? 'tls_cert' : 'tls_key';
    findings.problem(`doors.tcp.${missing}`, 'is missing: TLS needs tls_cert and tls_key');
    return { ...common, tls: undefined };
  }
  const clientCa = tls_client_ca === undefined ? undefined : resolve(cwd, tls_client_ca);
  return { ...common, tls: { cert: resolve(cwd, tls_cert), key: resolve(cwd, tls_key), clientCa } };
}
