import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
} from '../../../common/open-api.decorators.js';

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', example: 'KV_INPUT_INVALID' },
        message: { type: 'string' },
        remedy: { type: 'string' },
        details: { type: 'object', additionalProperties: true },
      },
    },
  },
};

export const BYTES_SCHEMA = { type: 'string', format: 'binary' } as const;

/**
 * What every operation has in common: a token, and errors of one form.
 *
 * @param operationId what clients made from the document call it; default: from the names of class and method.
 */
export function ApiCall(summary: string, operationId?: string): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary, ...(operationId === undefined ? {} : { operationId }) }),
    ApiBearerAuth(),
    ApiResponse({ status: 'default', description: 'An error', schema: ERROR_SCHEMA }),
  );
}

/** An operation that answers JSON like `example`. */
export function ApiJsonCall(summary: string, example: object, operationId?: string): MethodDecorator {
  return applyDecorators(
    ApiCall(summary, operationId),
    ApiOkResponse({ schema: { type: 'object', example } }),
  );
}

/** A body that is no JSON. */
export function ApiBytesBody(contentType: string, description: string): MethodDecorator {
  return ApiBody({
    description,
    required: true,
    content: { [contentType]: { schema: BYTES_SCHEMA } },
  } as object);
}
