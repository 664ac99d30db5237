import { type Arena } from '../../../arena/arena.interface.js';
import { type ArenaSpace } from '../../../arena/arena-space.interface.js';
import { KvError } from '../../../common/errors/kv-error.js';
import { intakePlace } from '../../../connectors/intake/value-intake.js';
import { type RemoteConnector } from '../../../connectors/remote-connector.interface.js';
import { HAS_ZSTD } from '../../../codecs/zstd-frame.js';
import { SerdeConnector } from './serde-connector.js';

/**
 * Encodes for a store as it is configured, and decodes whatever comes back. A store whose chunks others read, by
 * LMCache's layout or without metadata, gets them as they are.
 *
 * @throws KV_CONFIG_INVALID
 */
export function withSerde(
  connector: RemoteConnector,
  tier: string,
  serde: 'naive' | 'zstd',
  parts: { readonly arena: Arena; readonly space: ArenaSpace },
): RemoteConnector {
  const { metadata } = connector.capabilities;
  if (serde === 'zstd' && !HAS_ZSTD)
    throw invalid(tier, `Node.js ${process.versions.node} has no zstd`, 'Take Node.js 22.15 or later.');
  if (metadata === 'any') return new SerdeConnector(connector, serde, intakePlace(parts));
  if (serde === 'naive') return connector;
  throw invalid(
    tier,
    'its store keeps chunks in a layout that others read, who know nothing of this',
    'Take serde: naive, or a layout of kvnest’s own where the store has one (?layout=sealed).',
  );
}

function invalid(tier: string, why: string, remedy: string): KvError {
  const message = `the tier "${tier}" cannot have serde zstd: ${why}`;
  return new KvError('KV_CONFIG_INVALID', message, { kind: 'config', remedy });
}
