import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '../../../../common/open-api.decorators.js';
import { FRAMES_CONTENT_TYPE } from '../../../../protocols/kvnest-frames/frame.js';
import { ApiBytesBody, ApiCall, ApiJsonCall, BYTES_SCHEMA } from '../../control/api-docs.js';
import { CHUNK_EXAMPLE } from '../../control/prefix/prefix.examples.js';

export const ApiStorePrefix = (): MethodDecorator =>
  applyDecorators(
    ApiJsonCall(
      'Store chunks of a prompt',
      { chunks: [{ ...CHUNK_EXAMPLE, stored: true, tiers: ['memory'], checksum: 'e3069283' }] },
      'PrefixController_store',
    ),
    ApiBytesBody(FRAMES_CONTENT_TYPE, 'A frame header, then the bytes of each chunk: see docs/http-api.md'),
  );

export const ApiRetrievePrefix = (): MethodDecorator =>
  applyDecorators(
    ApiCall('Read the cached chunks of a prompt, in order', 'PrefixController_retrieve'),
    ApiProduces(FRAMES_CONTENT_TYPE),
    ApiOkResponse({
      description: 'One frame per chunk, then an end frame: see docs/http-api.md',
      schema: BYTES_SCHEMA,
    }),
  );
