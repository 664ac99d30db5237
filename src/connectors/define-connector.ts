import { type DynamicModule, Logger } from '@nestjs/common';
import { type Arena } from '../arena/arena.interface.js';
import { type ArenaSpace } from '../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../arena/arena.tokens.js';
import { type Clock } from '../common/clock.js';
import { CLOCK } from '../common/common.tokens.js';
import { KVNEST_CONFIG, type KvnestConfig } from '../config/kvnest-config.interface.js';
import { aboutTier } from './about-tier.js';
import { type ConnectorContext, type ConnectorDefinition } from './connector-definition.interface.js';
import { getConnectorToken } from './connectors.tokens.js';
import { type RemoteConnector } from './remote-connector.interface.js';

export interface ConnectorRecipe {
  readonly type: string;
  readonly schemes: readonly string[];
  /** The Nest module that the connector lives in. */
  readonly module: new () => object;
  /** May import what only this connector needs: a server without it is smaller, and starts faster. */
  readonly create: (context: ConnectorContext) => RemoteConnector | Promise<RemoteConnector>;
}

/** A definition whose module holds the connector and nothing else: what most connectors are. */
export function defineConnector({ type, schemes, module, create }: ConnectorRecipe): ConnectorDefinition {
  return {
    type,
    schemes,
    register: (target): DynamicModule => {
      const token = getConnectorToken(target.tier);
      const provider = {
        provide: token,
        inject: [ARENA, ARENA_SPACE, CLOCK, KVNEST_CONFIG],
        useFactory: async (arena: Arena, space: ArenaSpace, clock: Clock, config: KvnestConfig) => {
          const logger = new Logger(`${type}:${target.tier}`);
          try {
            return await create({ ...target, arena, space, clock, config, logger });
          } catch (error) {
            throw aboutTier(target.tier, error);
          }
        },
      };
      return { module, providers: [provider], exports: [token] };
    },
  };
}
