import { type DynamicModule, Module } from '@nestjs/common';
import { type EvictionPolicyLookup } from '../../../backends/backend-definition.interface.js';
import { EVICTION_POLICIES } from '../../../backends/backends.tokens.js';
import { type Clock } from '../../../common/clock.js';
import { CLOCK } from '../../../common/common.tokens.js';
import {
  type DoorLimits,
  KVNEST_CONFIG,
  type KvnestConfig,
  type TierConfig,
} from '../../../config/kvnest-config.interface.js';
import { CACHE_ENGINE, type CacheEngine } from '../../engine/cache-engine.interface.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../door-registry.js';
import { DOOR_SECRET, type DoorSecret } from '../door-secret.js';
import { getDoorToken } from '../doors.tokens.js';
import { createRespDoor } from './create-resp-door.js';
import { type RespDoor } from './resp-door.js';

/** A client that is gone for good between two halves must not hold up the puts of others. */
const PENDING_PAIR_SHARE = 0.5;

/** The RESP door. Needs CACHE_ENGINE, KVNEST_CONFIG, CLOCK, EVICTION_POLICIES, DOOR_REGISTRY and DOOR_SECRET from global modules. */
@Module({})
export class RespDoorModule {
  static forRoot(limits: DoorLimits): DynamicModule {
    return {
      module: RespDoorModule,
      providers: [
        {
          provide: getDoorToken('resp'),
          inject: [CACHE_ENGINE, KVNEST_CONFIG, CLOCK, DOOR_REGISTRY, DOOR_SECRET, EVICTION_POLICIES],
          useFactory: (
            engine: CacheEngine,
            { drainTimeoutMs, maxPendingBytes, tiers }: KvnestConfig,
            clock: Clock,
            registry: DoorRegistry,
            secret: DoorSecret,
            findPolicy: EvictionPolicyLookup,
          ): RespDoor =>
            createRespDoor({
              limits,
              engine,
              registry,
              clock,
              secret,
              drainTimeoutMs,
              maxPendingPairBytes: maxPendingBytes * PENDING_PAIR_SHARE,
              evictionPolicy: policyOfFirst(tiers, findPolicy),
            }),
        },
      ],
      exports: [getDoorToken('resp')],
    };
  }
}

/** Of the first tier with a budget of its own: others never evict. */
function policyOfFirst(tiers: readonly TierConfig[], find: EvictionPolicyLookup): string | undefined {
  const tier = tiers.find(({ capacityBytes }) => capacityBytes > 0);
  return tier === undefined ? undefined : find(tier.policy).name;
}
