import { Controller, Get, Inject, Optional } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '../../common/open-api.decorators.js';
import { PACKAGE_VERSION } from '../../common/package-version.js';
import { DOOR_REGISTRY, type DoorRegistry, type DoorStatus } from '../doors/door-registry.js';
import {
  PLUGIN_OVERVIEW,
  type PluginOverview,
  type PluginStatus,
} from '../../plugins/plugin-status.interface.js';
import { CACHE_ENGINE, type CacheEngine, type EngineStatus } from '../engine/cache-engine.interface.js';
import { type Readiness, ReadinessService } from './readiness.service.js';

export interface ServerStatus extends EngineStatus {
  readonly status: Readiness;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly doors: readonly DoorStatus[];
  /** More of them is at `/v1/plugins`. */
  readonly plugins: readonly Pick<PluginStatus, 'name' | 'state' | 'restarts'>[];
}

/** What the server is doing; it holds no secrets. */
@ApiTags('cache')
@ApiBearerAuth()
@Controller()
export class StatusController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(DOOR_REGISTRY) private readonly doors: DoorRegistry,
    private readonly readiness: ReadinessService,
    @Optional() @Inject(PLUGIN_OVERVIEW) private readonly plugins?: PluginOverview,
  ) {}

  /** `/status` is LMCache's name for it. */
  @Get(['v1/status', 'status'])
  @MessagePattern('kv.status')
  @ApiOperation({ summary: 'Tiers, arena, counters, doors and plugins of the server' })
  @ApiOkResponse({ description: 'EngineStatus with version, uptimeSeconds, rssBytes, doors and plugins' })
  status(): ServerStatus {
    return {
      status: this.readiness.readiness,
      version: PACKAGE_VERSION,
      uptimeSeconds: Math.round(process.uptime()),
      rssBytes: process.memoryUsage.rss(),
      ...this.engine.status(),
      doors: this.doors.status(),
      plugins: (this.plugins?.status() ?? []).map(({ name, state, restarts }) => ({ name, state, restarts })),
    };
  }
}
