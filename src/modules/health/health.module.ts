import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { ReadinessService } from './readiness.service.js';
import { StatusController } from './status.controller.js';

/** Probes and the status page. Needs CACHE_ENGINE and DOOR_REGISTRY from global modules. */
@Module({ controllers: [HealthController, StatusController], providers: [ReadinessService] })
export class HealthModule {}
