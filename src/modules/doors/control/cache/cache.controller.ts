import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { NamespaceDto } from '../input/namespace.js';

export class ClearDto extends NamespaceDto {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  model?: string;

  @ApiPropertyOptional({ description: 'The cache_salt' })
  @IsOptional()
  @IsString()
  tenant?: string;
}

/** The cache as a whole. */
@ApiTags('cache')
@Controller('v1')
export class CacheController {
  constructor(@Inject(CACHE_ENGINE) private readonly engine: CacheEngine) {}

  @Post('clear')
  @MessagePattern('kv.clear')
  @ApiJsonCall('Remove what the filter selects; without one, everything', { removed: 3 })
  @HttpCode(200)
  async clear(@ValidBody(ClearDto) body: ClearDto): Promise<{ removed: number }> {
    const { namespace, model, tenant } = body;
    return {
      removed: await this.engine.clear({
        ...(namespace === undefined ? {} : { namespace }),
        ...(model === undefined ? {} : { model }),
        ...(tenant === undefined ? {} : { tenant }),
      }),
    };
  }
}
