import { Module } from '@nestjs/common';
import { KVNEST_CONFIG, type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../door-registry.js';
import { CacheController } from './cache/cache.controller.js';
import { CompressController } from './compress/compress.controller.js';
import { EventsController } from './events/events.controller.js';
import { JobsController } from './jobs/jobs.controller.js';
import { MoveController } from './move/move.controller.js';
import { ObjectsController } from './objects/objects.controller.js';
import { PrefetchController } from './prefetch/prefetch.controller.js';
import { PrefixController } from './prefix/prefix.controller.js';
import { PrefixValuesController } from './values/prefix-values.controller.js';
import { SMALL_VALUES, SmallValues } from './values/small-values.js';
import { ValuesController } from './values/values.controller.js';

/**
 * What is asked for in JSON, over HTTP and in messages of Nest. Needs CACHE_ENGINE, KVNEST_CONFIG, CLOCK and DOOR_REGISTRY from
 * global modules.
 */
@Module({
  imports: [JobsModule],
  controllers: [
    ObjectsController,
    PrefixController,
    CacheController,
    ValuesController,
    PrefixValuesController,
    EventsController,
    PrefetchController,
    MoveController,
    CompressController,
    JobsController,
  ],
  providers: [
    {
      provide: SMALL_VALUES,
      inject: [KVNEST_CONFIG, DOOR_REGISTRY],
      useFactory: ({ doors }: KvnestConfig, registry: DoorRegistry) => new SmallValues(doors, registry),
    },
  ],
  exports: [SMALL_VALUES],
})
export class ControlModule {}
