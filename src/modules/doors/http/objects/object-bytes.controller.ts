import { Controller, Delete, Get, Head, Inject, Param, Put, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { KvError } from '../../../../common/errors/kv-error.js';
import { type DoorLimits } from '../../../../config/kvnest-config.interface.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { chunkKeyOf } from '../../control/input/chunk-keys.js';
import { type PutAnswer } from '../../control/input/put-answer.js';
import { BYTES_CONTENT_TYPE, type StreamRouteConfig } from '../server/content-types.js';
import { HTTP_LIMITS } from '../http-door.tokens.js';
import { ApiDeleteObject, ApiGetObject, ApiHeadObject, ApiPutObject } from './objects.docs.js';
import { receiveObject } from './receive-object.js';
import { namespaceOf } from './put-query.js';
import { describeChunk, sendChunk } from './send-chunk.js';

/** The bytes of values, by key. */
@ApiTags('objects')
@Controller('v1/objects')
export class ObjectBytesController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(HTTP_LIMITS) private readonly limits: DoorLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Put(':key')
  @ApiPutObject()
  @RouteConfig({ streams: BYTES_CONTENT_TYPE } satisfies StreamRouteConfig)
  async put(
    @Param('key') key: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer: PutAnswer = await receiveObject(
      { engine: this.engine, limits: this.limits, clock: this.clock },
      key,
      {
        request,
        reply,
      },
    );
    void reply.send(answer);
  }

  @Get(':key')
  @ApiGetObject()
  async get(
    @Param('key') key: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const handle = await this.engine.get(chunkKeyOf(key, namespaceOf(request.query as object)));
    if (handle === undefined) throw notFound(key);
    sendChunk(reply, handle, this.limits.bodyTimeoutMs);
  }

  @Head(':key')
  @ApiHeadObject()
  async head(
    @Param('key') key: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    using handle = await this.engine.get(chunkKeyOf(key, namespaceOf(request.query as object)));
    if (handle === undefined) throw notFound(key);
    describeChunk(reply, handle);
    void reply.header('content-length', handle.lengthBytes).send();
  }

  @Delete(':key')
  @ApiDeleteObject()
  async delete(@Param('key') key: string, @Req() request: FastifyRequest): Promise<{ deleted: boolean }> {
    const [deleted = false] = await this.engine.delete([
      chunkKeyOf(key, namespaceOf(request.query as object)),
    ]);
    return { deleted };
  }
}

function notFound(key: string): KvError {
  return new KvError('KV_NOT_FOUND', 'no chunk with this key', { kind: 'input', details: { key } });
}
