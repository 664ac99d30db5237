import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { type DoorLimits } from '../../../../config/kvnest-config.interface.js';
import { FRAMES_CONTENT_TYPE } from '../../../../protocols/kvnest-frames/frame.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { HTTP_LIMITS } from '../http-door.tokens.js';
import { ValidBody } from '../input/body.decorator.js';
import { type StreamRouteConfig } from '../server/content-types.js';
import { ApiRetrievePrefix, ApiStorePrefix, LOOKUP_EXAMPLE } from './prefix.docs.js';
import { LookupDto, PinPrefixDto, PrefixDto } from './prefix.dto.js';
import { type LookupJson, lookupJson } from './prefix-answers.js';
import { prefixRequestOf } from './prefix-request.js';
import { retrievePrefix } from './retrieve-prefix.js';
import { type StoreAnswer, storePrefix } from './store-prefix.js';

/** The cache by tokens. */
@ApiTags('prefix')
@Controller('v1/prefix')
export class PrefixController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(HTTP_LIMITS) private readonly limits: DoorLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post('lookup')
  @ApiJsonCall('How much of a prompt is cached', LOOKUP_EXAMPLE)
  @HttpCode(200)
  async lookup(@ValidBody(LookupDto) body: LookupDto): Promise<LookupJson> {
    const options = body.pin_ms === undefined ? {} : { pinMs: body.pin_ms };
    return lookupJson(await this.engine.lookup(prefixRequestOf(body), options));
  }

  @Post('store')
  @ApiStorePrefix()
  @RouteConfig({ streams: FRAMES_CONTENT_TYPE } satisfies StreamRouteConfig)
  async store(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const context = { engine: this.engine, limits: this.limits, clock: this.clock };
    const answer: StoreAnswer = await storePrefix(context, request, reply);
    void reply.code(200).send(answer);
  }

  @Post('retrieve')
  @HttpCode(200)
  @ApiRetrievePrefix()
  retrieve(@ValidBody(PrefixDto) body: PrefixDto, @Res() reply: FastifyReply): void {
    retrievePrefix(this.engine, prefixRequestOf(body), reply, this.limits.bodyTimeoutMs);
  }

  @Post('pin')
  @ApiJsonCall('Keep the cached chunks of a prompt for a time', LOOKUP_EXAMPLE)
  @HttpCode(200)
  async pin(@ValidBody(PinPrefixDto) body: PinPrefixDto): Promise<LookupJson> {
    return lookupJson(await this.engine.pinPrefix(prefixRequestOf(body), body.timeout_ms));
  }

  @Post('unpin')
  @ApiJsonCall('End pins', { unpinned: 3 })
  @HttpCode(200)
  async unpin(@ValidBody(PrefixDto) body: PrefixDto): Promise<{ unpinned: number }> {
    return { unpinned: await this.engine.unpinPrefix(prefixRequestOf(body)) };
  }

  @Post('remove')
  @ApiJsonCall('Delete the chunks of a prompt', { removed: 3 })
  @HttpCode(200)
  async remove(@ValidBody(PrefixDto) body: PrefixDto): Promise<{ removed: number }> {
    return { removed: await this.engine.removePrefix(prefixRequestOf(body)) };
  }
}
