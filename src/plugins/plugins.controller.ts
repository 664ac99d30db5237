import { applyDecorators, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '../common/open-api.decorators.js';
import { PLUGIN_MANAGER, type PluginManager } from './plugin-manager.js';
import { type PluginStatus } from './plugin-status.interface.js';

const EXAMPLE: PluginStatus = {
  name: 'metrics_report.py',
  path: '/etc/kvnest/plugins/metrics_report.py',
  role: 'worker',
  state: 'running',
  pid: 4711,
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeSeconds: 3.5,
  restarts: 1,
  lastExit: { code: 1, signal: undefined, at: '2026-01-01T00:00:00.000Z' },
  droppedLines: 0,
  droppedBytes: 0,
  lastLines: ['reporting every 10 s'],
};

/** What all operations on one plugin have in common. */
function ApiPlugin(summary: string): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    ApiOperation({ summary }),
    ApiOkResponse({ description: 'The plugin as it is then', schema: { type: 'object', example: EXAMPLE } }),
    ApiNotFoundResponse({ description: 'KV_PLUGIN_UNKNOWN' }),
  );
}

function ApiPluginCommand(summary: string): MethodDecorator {
  return applyDecorators(
    ApiPlugin(summary),
    ApiServiceUnavailableResponse({ description: 'KV_PLUGIN_SHUTDOWN' }),
  );
}

/** The plugin scripts of this server. */
@ApiTags('plugins')
@ApiBearerAuth()
@Controller('v1/plugins')
export class PluginsController {
  constructor(@Inject(PLUGIN_MANAGER) private readonly manager: PluginManager) {}

  @Get()
  @ApiOperation({ summary: 'All plugin scripts that run here' })
  @ApiOkResponse({ schema: { type: 'object', example: { plugins: [EXAMPLE] } } })
  list(): { plugins: readonly PluginStatus[] } {
    return { plugins: this.manager.status() };
  }

  @Get(':name')
  @ApiPlugin('One of them')
  get(@Param('name') name: string): PluginStatus {
    return this.manager.find(name).status();
  }

  @Post(':name/start')
  @ApiPluginCommand('Start it; what runs goes on, what waits for its restart waits no longer')
  start(@Param('name') name: string): Promise<PluginStatus> {
    return this.manager.command(name, 'start');
  }

  @Post(':name/stop')
  @ApiPluginCommand('Stop it; answers when nothing of it is left')
  stop(@Param('name') name: string): Promise<PluginStatus> {
    return this.manager.command(name, 'stop');
  }

  @Post(':name/restart')
  @ApiPluginCommand('Stop and start it')
  restart(@Param('name') name: string): Promise<PluginStatus> {
    return this.manager.command(name, 'restart');
  }
}
