import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { LOOKUP_EXAMPLE } from './prefix.examples.js';
import { LookupDto, PinPrefixDto, PrefixDto } from './prefix.dto.js';
import { type LookupJson, lookupJson } from './prefix-answers.js';
import { prefixRequestOf } from './prefix-request.js';

/** The cache by tokens, as far as it is no bytes. */
@ApiTags('prefix')
@Controller('v1/prefix')
export class PrefixController {
  constructor(@Inject(CACHE_ENGINE) private readonly engine: CacheEngine) {}

  @Post('lookup')
  @MessagePattern('kv.lookup')
  @ApiJsonCall('How much of a prompt is cached', LOOKUP_EXAMPLE)
  @HttpCode(200)
  async lookup(@ValidBody(LookupDto) body: LookupDto): Promise<LookupJson> {
    const options = body.pin_ms === undefined ? {} : { pinMs: body.pin_ms };
    return lookupJson(await this.engine.lookup(prefixRequestOf(body), options));
  }

  @Post('pin')
  @MessagePattern('kv.prefix.pin')
  @ApiJsonCall('Keep the cached chunks of a prompt for a time', LOOKUP_EXAMPLE)
  @HttpCode(200)
  async pin(@ValidBody(PinPrefixDto) body: PinPrefixDto): Promise<LookupJson> {
    return lookupJson(await this.engine.pinPrefix(prefixRequestOf(body), body.timeout_ms, body.group));
  }

  @Post('unpin')
  @MessagePattern('kv.prefix.unpin')
  @ApiJsonCall('End pins', { unpinned: 3 })
  @HttpCode(200)
  async unpin(@ValidBody(PrefixDto) body: PrefixDto): Promise<{ unpinned: number }> {
    return { unpinned: await this.engine.unpinPrefix(prefixRequestOf(body)) };
  }

  @Post('remove')
  @MessagePattern('kv.prefix.remove')
  @ApiJsonCall('Delete the chunks of a prompt', { removed: 3 })
  @HttpCode(200)
  async remove(@ValidBody(PrefixDto) body: PrefixDto): Promise<{ removed: number }> {
    return { removed: await this.engine.removePrefix(prefixRequestOf(body)) };
  }
}
