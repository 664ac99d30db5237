import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { type PeerRole } from '../settings/lmcache.settings.js';

/** LMCache's names of ways for bytes, as `transport`. */
const TRANSPORTS: Readonly<Record<string, string>> = { nixl: 'auto', py_socket: 'tcp' };

/** The tier that reads from peers, where `nixl` or LMCache's keys for peers want one: at most one. */
export function peerTiers(
  settings: KvnestSettings,
  policy: string,
  findings: Findings,
): readonly TierConfig[] {
  const { nixl, transfer_channel: channel } = settings;
  const wished = roleOfLmcacheKeys(settings);
  if (wished === undefined && Object.keys(nixl).length === 0) return [];
  const role = nixl['role'] ?? wished ?? 'both';
  // One that only is asked needs the tier all the same: with it comes NIXL's agent.
  if (nixl['peers'] === undefined && role !== 'sender') {
    findings.warn('nixl.peers is not set: no peer is asked for chunks; name them, as kvnest://host:7070');
    return [];
  }
  const transport = channel === undefined ? undefined : TRANSPORTS[channel];
  if (channel !== undefined && transport === undefined)
    findings.warn(
      `transfer_channel ${channel} is not there in kvnest; NIXL is used where both sides have it, else TCP`,
    );
  const options = {
    role,
    ...(transport !== undefined && { transport }),
    ...advertised(settings),
    ...nixl,
  };
  return [{ name: 'peers', type: 'nixl', capacityBytes: 0, policy, options }];
}

/** Undefined: they want no peers. */
function roleOfLmcacheKeys(settings: KvnestSettings): PeerRole | undefined {
  const { enable_p2p, enable_pd, enable_nixl, enable_xpyd, pd_bidirectional } = settings;
  if (enable_p2p === true) return 'both';
  if (enable_pd !== true && enable_nixl !== true && enable_xpyd !== true) return undefined;
  if (pd_bidirectional === true) return 'both';
  return settings.pd_role ?? settings.nixl_role ?? 'both';
}

function advertised({ p2p_host: host, doors: { tcp } }: KvnestSettings): Readonly<Record<string, string>> {
  if (host === undefined || tcp === false || tcp.port === 0) return {};
  const isTls = tcp.tls_cert !== undefined;
  return {
    advertise: `${isTls ? 'kvnests' : 'kvnest'}://${host.includes(':') ? `[${host}]` : host}:${tcp.port}`,
  };
}
