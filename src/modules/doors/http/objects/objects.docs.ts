import { applyDecorators } from '@nestjs/common';
import {
  ApiHeader,
  ApiOkResponse,
  ApiParam,
  ApiProduces,
  ApiQuery,
} from '../../../../common/open-api.decorators.js';
import { ApiBytesBody, ApiCall, ApiJsonCall, BYTES_SCHEMA } from '../../control/api-docs.js';
import { BYTES_CONTENT_TYPE } from '../server/content-types.js';
import { CHECKSUM_HEADER, LENGTH_HEADER, LOSS_HEADER, METADATA_HEADER } from './object-headers.js';

const CHUNK_HEADERS = {
  [CHECKSUM_HEADER]: {
    description: 'CRC-32C of the whole value, eight hex digits',
    schema: { type: 'string' },
  },
  [METADATA_HEADER]: { description: 'Metadata in base64, if it has any', schema: { type: 'string' } },
  [LOSS_HEADER]: {
    description:
      'Lossy codec that the value has been through, and its largest error: `int8; max_error=0.008`',
    schema: { type: 'string' },
  },
} as const;

const ApiKey = (): MethodDecorator =>
  applyDecorators(
    ApiParam({ name: 'key', description: 'Percent-encoded; at most 4096 bytes' }),
    ApiQuery({ name: 'namespace', required: false, schema: { type: 'integer', default: 0 } }),
  );

export const ApiPutObject = (): MethodDecorator =>
  applyDecorators(
    ApiJsonCall(
      'Store a value',
      { stored: true, tiers: ['memory'], checksum: 'e3069283' },
      'ObjectsController_put',
    ),
    ApiKey(),
    ApiQuery({ name: 'ttl_ms', required: false, schema: { type: 'integer', minimum: 1 } }),
    ApiQuery({ name: 'ack', required: false, schema: { enum: ['memory', 'all'], default: 'memory' } }),
    ApiQuery({ name: 'only_if_absent', required: false, schema: { type: 'boolean', default: false } }),
    ApiHeader({ name: METADATA_HEADER, required: false, description: 'Base64, at most 1024 bytes' }),
    ApiHeader({ name: CHECKSUM_HEADER, required: false, description: 'The CRC-32C that the body must have' }),
    ApiHeader({ name: LENGTH_HEADER, required: false, description: 'Length of a body in HTTP chunks' }),
    ApiBytesBody(BYTES_CONTENT_TYPE, 'The value'),
  );

export const ApiGetObject = (): MethodDecorator =>
  applyDecorators(
    ApiCall('Read a value, or one range of it', 'ObjectsController_get'),
    ApiKey(),
    ApiHeader({ name: 'range', required: false }),
    ApiProduces(BYTES_CONTENT_TYPE),
    ApiOkResponse({ description: 'The value', headers: CHUNK_HEADERS, schema: BYTES_SCHEMA }),
  );

export const ApiHeadObject = (): MethodDecorator =>
  applyDecorators(
    ApiCall('Length, checksum and metadata of a value', 'ObjectsController_head'),
    ApiKey(),
    ApiOkResponse({ description: 'It is there', headers: CHUNK_HEADERS }),
  );

export const ApiDeleteObject = (): MethodDecorator =>
  applyDecorators(ApiJsonCall('Delete a value', { deleted: true }, 'ObjectsController_delete'), ApiKey());
