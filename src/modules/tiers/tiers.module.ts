import { type DynamicModule, Module } from '@nestjs/common';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { type Arena } from '../../arena/arena.interface.js';
import { ARENA, ARENA_SPACE } from '../../arena/arena.tokens.js';
import { BACKENDS } from '../../backends/backends.tokens.js';
import { type Clock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { type StorageBackend } from '../../backends/storage-backend.interface.js';
import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { Tier } from './tier.js';
import { TierStack } from './tier-stack.js';
import { TiersLifecycle } from './tiers.lifecycle.js';
import { TIER_STACK } from './tiers.tokens.js';

@Module({})
export class TiersModule {
  /**
   * @param backends the module that exports BACKENDS.
   * @param config what waits for slow tiers: half of it may be promotions that wait for readers.
   */
  static forRoot(
    backends: DynamicModule,
    { maxPendingBytes }: Pick<KvnestConfig, 'maxPendingBytes'>,
  ): DynamicModule {
    return {
      module: TiersModule,
      imports: [backends],
      providers: [
        {
          provide: TIER_STACK,
          inject: [BACKENDS, ARENA_SPACE, CLOCK, ARENA],
          useFactory: (list: readonly StorageBackend[], space: ArenaSpace, clock: Clock, arena: Arena) =>
            new TierStack(
              list.map((backend) => new Tier(backend)),
              space,
              clock,
              {
                maxPromotionBytes: Math.floor(maxPendingBytes / 2),
                crc32c: (bytes, previous) => arena.crc32c(bytes, previous),
              },
            ),
        },
        TiersLifecycle,
      ],
      exports: [TIER_STACK],
    };
  }
}
