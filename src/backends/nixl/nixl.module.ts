import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../../arena/arena.tokens.js';
import { type Clock } from '../../common/clock.js';
import { BOOT_ID, CLOCK, PEER_AGENT } from '../../common/common.tokens.js';
import { KvError } from '../../common/errors/kv-error.js';
import { KVNEST_CONFIG, type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import { readOptions } from '../../config/read-options.js';
import { namingTier } from '../../connectors/about-tier.js';
import { intakePlace } from '../../connectors/intake/value-intake.js';
import { type BackendDefinition } from '../backend-definition.interface.js';
import { getBackendToken } from '../backends.tokens.js';
import { createReader, type NixlWay } from './create-reader.js';
import { NixlHostModule } from './nixl-host.module.js';
import { type NixlHost } from './nixl-host.js';
import { NixlBackend } from './nixl.backend.js';
import { NixlOptions } from './nixl.config.js';
import { createSources } from './peers/create-sources.js';
import { probePeers } from './probe-peers.js';

/** Provides the backend of one tier that reads from peers. */
@Module({})
export class NixlBackendModule {
  static register({ name, options: given }: TierConfig): DynamicModule {
    const options = readOptions(NixlOptions, name, given);
    refuseNobody(name, options);
    const token = getBackendToken(name);
    return {
      module: NixlBackendModule,
      imports: [NixlHostModule],
      providers: [
        {
          provide: token,
          inject: [ARENA, ARENA_SPACE, CLOCK, BOOT_ID, KVNEST_CONFIG, PEER_AGENT],
          useFactory: (
            arena: Arena,
            space: ArenaSpace,
            clock: Clock,
            bootId: string,
            { doors }: KvnestConfig,
            host: NixlHost,
          ) => {
            const logger = new Logger(NixlBackend.name);
            const sources = namingTier(name, () =>
              createSources({ tier: name, options, doors, bootId, logger }),
            );
            const place = intakePlace({ arena, space });
            return new NixlBackend({
              name,
              bootId,
              options,
              clock,
              sources,
              createReader: (address) => createReader(address, place, nixlWay(host, options, logger)),
              host: options.transport === 'tcp' ? undefined : host,
              logger,
            });
          },
        },
      ],
      exports: [token],
    };
  }
}

/** Chunks that peers have, over NIXL or TCP. */
export const nixlBackend: BackendDefinition = {
  type: 'nixl',
  register: (tier) => NixlBackendModule.register(tier),
  probe: (tier, config) => probePeers(tier, config),
};

/** Readers are made when the agent has started. */
function nixlWay(
  host: NixlHost,
  { transport, timeout_ms: transferTimeoutMs }: NixlOptions,
  logger: Logger,
): NixlWay | undefined {
  const agent = transport === 'tcp' ? undefined : host.agent();
  return agent && { agent, transferTimeoutMs, isRequired: transport === 'nixl', logger };
}

function refuseNobody(tier: string, { role, peers }: NixlOptions): void {
  if (peers.length > 0 || role === 'sender') return;
  throw new KvError('KV_CONFIG_INVALID', `the tier "${tier}" is to ask peers, and names none`, {
    kind: 'config',
    remedy: 'Give it options: { peers: [kvnest://host:7070] }, a dns+kvnest:// name, or a redis:// registry.',
  });
}
