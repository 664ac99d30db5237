import { type DynamicModule, Module } from '@nestjs/common';
import {
  type DoorLimits,
  KVNEST_CONFIG,
  type KvnestConfig,
} from '../../../config/kvnest-config.interface.js';
import { CACHE_ENGINE, type CacheEngine } from '../../engine/cache-engine.interface.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../door-registry.js';
import { getDoorToken } from '../doors.tokens.js';
import { createLmDoor } from './create-lm-door.js';
import { type LmDoor } from './lm-door.js';

/** The door for LMCache's `lm://`. Needs CACHE_ENGINE, KVNEST_CONFIG and DOOR_REGISTRY from global modules. */
@Module({})
export class LmDoorModule {
  static forRoot(limits: DoorLimits): DynamicModule {
    return {
      module: LmDoorModule,
      providers: [
        {
          provide: getDoorToken('lm'),
          inject: [CACHE_ENGINE, KVNEST_CONFIG, DOOR_REGISTRY],
          useFactory: (
            engine: CacheEngine,
            { drainTimeoutMs }: KvnestConfig,
            registry: DoorRegistry,
          ): LmDoor => createLmDoor({ limits, engine, registry, drainTimeoutMs }),
        },
      ],
      exports: [getDoorToken('lm')],
    };
  }
}
