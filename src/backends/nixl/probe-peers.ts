import { createArena } from '../../arena/create-arena.js';
import { ArenaSpaceService } from '../../arena/arena-space.js';
import { type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import { readOptions } from '../../config/read-options.js';
import { namingTier } from '../../connectors/about-tier.js';
import { intakePlace } from '../../connectors/intake/value-intake.js';
import { type BackendProbe } from '../backend-definition.interface.js';
import { createReader } from './create-reader.js';
import { NixlOptions } from './nixl.config.js';
import { createSources } from './peers/create-sources.js';
import { type PeerAddress } from './peers/peer-address.js';

/** Enough for who reads no chunk. */
const ARENA_BYTES = 1024 * 1024;

/** Reaches each peer as the server would. @throws KV_CONFIG_INVALID */
export async function probePeers(
  { name, options: given }: TierConfig,
  { doors }: KvnestConfig,
): Promise<readonly BackendProbe[]> {
  const options = readOptions(NixlOptions, name, given);
  const failures: string[] = [];
  const logger = { log: () => undefined, warn: (line: string) => void failures.push(line) };
  const sources = namingTier(name, () => createSources({ tier: name, options, doors, bootId: '', logger }));
  const addresses = new Map<string, PeerAddress>();
  try {
    const take = (peers: readonly PeerAddress[]): void => {
      for (const peer of peers) addresses.set(peer.name, peer);
    };
    await Promise.all(sources.map((source) => source.start(take)));
  } finally {
    await Promise.all(sources.map((source) => source.stop()));
  }
  const probes = [...addresses.values()].map((address) => probePeer(address, options.connect_timeout_ms));
  return [
    ...failures.map((line) => ({ what: line, error: new Error(line) })),
    ...(await Promise.all(probes)),
  ];
}

async function probePeer(address: PeerAddress, timeoutMs: number): Promise<BackendProbe> {
  const arena = createArena({ capacityBytes: ARENA_BYTES, native: false });
  const place = intakePlace({ arena, space: new ArenaSpaceService(arena) });
  const reader = createReader(address, place);
  try {
    const said = await reader.describe({ signal: AbortSignal.timeout(timeoutMs) });
    return { what: `${address.label} (${said})` };
  } catch (error) {
    return { what: address.label, error };
  } finally {
    await reader.close();
    arena.close();
  }
}
