import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../../arena/arena.tokens.js';
import { type Clock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { KvError } from '../../common/errors/kv-error.js';
import { KVNEST_CONFIG, type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import { aboutTier, namingTier } from '../../connectors/about-tier.js';
import { type ConnectorDefinition } from '../../connectors/connector-definition.interface.js';
import { connectorLookup } from '../../connectors/connector-lookup.js';
import { parseConnectorUrl } from '../../connectors/connector-url.js';
import { getConnectorToken } from '../../connectors/connectors.tokens.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type BackendDefinition } from '../backend-definition.interface.js';
import { getBackendToken } from '../backends.tokens.js';
import { probeStore } from './probe-store.js';
import { withinAdmission } from './queue-share.js';
import { RemoteBackend } from './remote.backend.js';
import { splitRemoteOptions } from './remote.config.js';

export interface RemoteSurroundings {
  /** What the tiers may speak to. */
  readonly connectors: readonly ConnectorDefinition[];
  readonly extraConfig: KvnestConfig['extraConfig'];
}

/** Provides the remote backend of one tier, over the connector that its URL's scheme names. */
@Module({})
export class RemoteBackendModule {
  static register(tier: TierConfig, { connectors, extraConfig }: RemoteSurroundings): DynamicModule {
    const { name, url: text, options } = tier;
    if (text === undefined) throw urlMissing(name);
    const url = parseConnectorUrl(text);
    const find = connectorLookup(connectors);
    const split = splitRemoteOptions({ tier: name, url, options, extraConfig });
    const token = getBackendToken(name);
    return {
      module: RemoteBackendModule,
      imports: [find(url.scheme).register(split.connector, find)],
      providers: [
        {
          provide: token,
          inject: [getConnectorToken(name), ARENA, ARENA_SPACE, CLOCK, KVNEST_CONFIG],
          useFactory: (
            connector: RemoteConnector,
            arena: Arena,
            space: ArenaSpace,
            clock: Clock,
            config: KvnestConfig,
          ) =>
            new RemoteBackend({
              name,
              label: url.label,
              connector,
              options: withinAdmission(split.remote, config),
              arena,
              space,
              clock,
              logger: new Logger(RemoteBackend.name),
            }),
        },
      ],
      exports: [token],
    };
  }
}

/** The kind of backend that speaks to stores elsewhere, over these connectors. */
export function remoteBackend(around: RemoteSurroundings): BackendDefinition {
  const register = (tier: TierConfig): DynamicModule =>
    namingTier(tier.name, () => RemoteBackendModule.register(tier, around));
  const probe = async (tier: TierConfig, config: KvnestConfig): Promise<string> => {
    try {
      return await probeStore(tier, config, around.connectors);
    } catch (error) {
      throw aboutTier(tier.name, error);
    }
  };
  return { type: 'remote', register, probe };
}

function urlMissing(tier: string): KvError {
  return new KvError('KV_CONFIG_INVALID', `The remote tier "${tier}" has no url`, {
    kind: 'config',
    remedy: 'Give one such as redis://host:6379.',
  });
}
