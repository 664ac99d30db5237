import { Controller, Delete, Get, Head, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { KvError } from '../../../../common/errors/kv-error.js';
import { type DoorLimits } from '../../../../config/kvnest-config.interface.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { chunkKeyOf, chunkKeysOf } from '../input/chunk-keys.js';
import { ValidBody } from '../input/body.decorator.js';
import { BYTES_CONTENT_TYPE, type StreamRouteConfig } from '../server/content-types.js';
import { HTTP_LIMITS } from '../http-door.tokens.js';
import { ApiDeleteObject, ApiGetObject, ApiHeadObject, ApiPutObject } from './objects.docs.js';
import { ExistsDto, KeysDto, PinKeysDto } from './objects.dto.js';
import { type PutAnswer, receiveObject } from './receive-object.js';
import { namespaceOf } from './put-query.js';
import { describeChunk, sendChunk } from './send-chunk.js';

/** The cache by key. */
@ApiTags('objects')
@Controller('v1/objects')
export class ObjectsController {
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

  @Post('exists')
  @ApiJsonCall('The first tier that has each key', { tiers: ['memory', null] })
  @HttpCode(200)
  async exists(@ValidBody(ExistsDto) body: ExistsDto): Promise<{ tiers: readonly (string | null)[] }> {
    const tiers = await this.engine.exists(keysOf(body), { lease: body.lease ?? false });
    return { tiers: tiers.map((tier) => tier ?? null) };
  }

  @Post('delete')
  @ApiJsonCall('Delete values', { deleted: [true, false] })
  @HttpCode(200)
  async deleteMany(@ValidBody(KeysDto) body: KeysDto): Promise<{ deleted: readonly boolean[] }> {
    return { deleted: await this.engine.delete(keysOf(body)) };
  }

  @Post('pin')
  @ApiJsonCall('Keep values from being evicted for a time', { pinned: [true, false] })
  @HttpCode(200)
  async pin(@ValidBody(PinKeysDto) body: PinKeysDto): Promise<{ pinned: readonly boolean[] }> {
    return { pinned: await this.engine.pin(keysOf(body), body.timeout_ms) };
  }

  @Post('unpin')
  @ApiJsonCall('End pins', { unpinned: [true, false] })
  @HttpCode(200)
  async unpin(@ValidBody(KeysDto) body: KeysDto): Promise<{ unpinned: readonly boolean[] }> {
    return { unpinned: await this.engine.unpin(keysOf(body)) };
  }
}

function keysOf(body: KeysDto): ReturnType<typeof chunkKeysOf> {
  return chunkKeysOf(body.keys, body.namespace ?? 0);
}

function notFound(key: string): KvError {
  return new KvError('KV_NOT_FOUND', 'no chunk with this key', { kind: 'input', details: { key } });
}
