import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { type DoorLimits } from '../../../../config/kvnest-config.interface.js';
import { FRAMES_CONTENT_TYPE } from '../../../../protocols/kvnest-frames/frame.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { HTTP_LIMITS } from '../http-door.tokens.js';
import { ValidBody } from '../../control/input/body.decorator.js';
import { PrefixDto } from '../../control/prefix/prefix.dto.js';
import { prefixRequestOf } from '../../control/prefix/prefix-request.js';
import { type StreamRouteConfig } from '../server/content-types.js';
import { ApiRetrievePrefix, ApiStorePrefix } from './prefix.docs.js';
import { retrievePrefix } from './retrieve-prefix.js';
import { type StoreAnswer, storePrefix } from './store-prefix.js';

/** The bytes of chunks, by tokens. */
@ApiTags('prefix')
@Controller('v1/prefix')
export class PrefixBytesController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(HTTP_LIMITS) private readonly limits: DoorLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

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
}
