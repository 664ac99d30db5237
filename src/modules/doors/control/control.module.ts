import { Module } from '@nestjs/common';
import { CacheController } from './cache/cache.controller.js';
import { ObjectsController } from './objects/objects.controller.js';
import { PrefixController } from './prefix/prefix.controller.js';

/**
 * What is asked for in JSON, over HTTP and in messages of Nest. Needs CACHE_ENGINE, KVNEST_CONFIG, CLOCK and DOOR_REGISTRY from
 * global modules.
 */
@Module({ controllers: [ObjectsController, PrefixController, CacheController] })
export class ControlModule {}
