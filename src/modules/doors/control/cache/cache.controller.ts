import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { ClearDto, UnpinGroupDto } from './cache.dto.js';

interface PinsJson {
  readonly groups: readonly { readonly group: string; readonly pins: number }[];
}

/** The cache as a whole. */
@ApiTags('cache')
@Controller('v1')
export class CacheController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post('clear')
  @MessagePattern('kv.clear')
  @ApiJsonCall('Remove what the filter selects; without one, everything', { removed: 3 })
  @HttpCode(200)
  async clear(@ValidBody(ClearDto) body: ClearDto): Promise<{ removed: number }> {
    const { namespace, model, tenant, tier, older_than_ms: ageMs } = body;
    const filter = {
      ...(namespace !== undefined && { namespace }),
      ...(model !== undefined && { model }),
      ...(tenant !== undefined && { tenant }),
      ...(ageMs !== undefined && { storedBeforeMs: this.clock.nowMs() - ageMs }),
    };
    return { removed: await this.engine.clear(filter, tier) };
  }

  @Get('pins')
  @MessagePattern('kv.pins')
  @ApiJsonCall('How many pins each group has', { groups: [{ group: 'system prompts', pins: 12 }] })
  pins(): PinsJson {
    return { groups: Array.from(this.engine.pinGroups(), ([group, pins]) => ({ group, pins })) };
  }

  @Post('unpin')
  @MessagePattern('kv.unpin.group')
  @ApiJsonCall('End the pins of a group', { unpinned: 12 })
  @HttpCode(200)
  async unpin(@ValidBody(UnpinGroupDto) { group }: UnpinGroupDto): Promise<{ unpinned: number }> {
    return { unpinned: await this.engine.unpinGroup(group) };
  }
}
