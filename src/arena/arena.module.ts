import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { type KvnestConfig } from '../config/kvnest-config.interface.js';
import { type Arena } from './arena.interface.js';
import { ArenaSpaceService } from './arena-space.js';
import { ARENA, ARENA_SPACE } from './arena.tokens.js';
import { createArena } from './create-arena.js';

/** The one arena of this process. It is closed by the tiers, after the last backend. */
@Module({})
export class ArenaModule {
  static forRoot({ arena }: Pick<KvnestConfig, 'arena'>): DynamicModule {
    return {
      module: ArenaModule,
      global: true,
      providers: [
        { provide: ARENA, useFactory: () => createArena({ ...arena, logger: new Logger('Arena') }) },
        {
          provide: ARENA_SPACE,
          inject: [ARENA],
          useFactory: (memory: Arena) => new ArenaSpaceService(memory),
        },
      ],
      exports: [ARENA, ARENA_SPACE],
    };
  }
}
