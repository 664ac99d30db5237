import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import { FRAMES_CONTENT_TYPE } from '../../../../protocols/kvnest-frames/frame.js';
import { ApiBytesBody, ApiCall, ApiJsonCall, BYTES_SCHEMA } from '../api-docs.js';

const CHUNK_EXAMPLE = { index: 0, start_token: 0, tokens: 256, key: 'model@1@0@hash@bfloat16' };

export const LOOKUP_EXAMPLE = { hit_tokens: 256, chunks: [{ ...CHUNK_EXAMPLE, tier: 'memory' }] };

export const ApiStorePrefix = (): MethodDecorator =>
  applyDecorators(
    ApiJsonCall('Store chunks of a prompt', {
      chunks: [{ ...CHUNK_EXAMPLE, stored: true, tiers: ['memory'], checksum: 'e3069283' }],
    }),
    ApiBytesBody(FRAMES_CONTENT_TYPE, 'A frame header, then the bytes of each chunk: see docs/http-api.md'),
  );

export const ApiRetrievePrefix = (): MethodDecorator =>
  applyDecorators(
    ApiCall('Read the cached chunks of a prompt, in order'),
    ApiProduces(FRAMES_CONTENT_TYPE),
    ApiOkResponse({
      description: 'One frame per chunk, then an end frame: see docs/http-api.md',
      schema: BYTES_SCHEMA,
    }),
  );
