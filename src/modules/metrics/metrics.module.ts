import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { MetricsService } from './metrics.service.js';

/** `GET /metrics`. Needs CACHE_ENGINE and DOOR_REGISTRY from global modules. */
@Module({ controllers: [MetricsController], providers: [MetricsService] })
export class MetricsModule {}
