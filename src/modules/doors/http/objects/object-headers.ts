import { type FastifyRequest } from 'fastify';
import { MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';
import { KvError } from '../../../../common/errors/kv-error.js';
import { checksumFromHex, fromBase64 } from '../../control/input/encodings.js';
import { inputError } from '../../control/input/input-error.js';

/** CRC-32C of the whole value as eight hex digits; on a PUT, what the body must have. */
export const CHECKSUM_HEADER = 'x-kvnest-checksum';
/** The chunk's metadata in base64. */
export const METADATA_HEADER = 'x-kvnest-metadata';
/** `int8; max_error=0.008`, on a value that a lossy codec has changed so much. */
export const LOSS_HEADER = 'x-kvnest-loss';
/** Length of a body that is sent in HTTP chunks. */
export const LENGTH_HEADER = 'x-kvnest-length';

/** @throws KV_INPUT_INVALID */
export function metadataOf(request: FastifyRequest): Buffer | undefined {
  const text = header(request, METADATA_HEADER);
  if (text === undefined) return undefined;
  const metadata = fromBase64(text);
  if (metadata === undefined) throw inputError([{ path: METADATA_HEADER, message: 'not base64' }]);
  if (metadata.length > MAX_METADATA_BYTES) {
    throw inputError([{ path: METADATA_HEADER, message: `longer than ${MAX_METADATA_BYTES} bytes` }]);
  }
  return metadata;
}

/** @throws KV_INPUT_INVALID */
export function expectedChecksumOf(request: FastifyRequest): number | undefined {
  const text = header(request, CHECKSUM_HEADER);
  if (text === undefined) return undefined;
  const checksum = checksumFromHex(text);
  if (checksum === undefined) {
    throw inputError([{ path: CHECKSUM_HEADER, message: 'not a CRC-32C in eight hex digits' }]);
  }
  return checksum;
}

/**
 * Length of the body before it is read.
 *
 * @throws KV_HTTP_LENGTH_REQUIRED, KV_INPUT_TOO_LARGE, KV_INPUT_INVALID
 */
export function bodyLengthOf(request: FastifyRequest, maxValueBytes: number): number {
  const chunked = request.headers['content-length'] === undefined;
  const text = chunked ? header(request, LENGTH_HEADER) : request.headers['content-length'];
  if (text === undefined) {
    throw new KvError('KV_HTTP_LENGTH_REQUIRED', 'the length of the value is not known in advance', {
      kind: 'input',
      remedy: `send Content-Length, or ${LENGTH_HEADER} with a chunked body`,
    });
  }
  if (!/^\d{1,15}$/.test(text)) {
    throw inputError([{ path: LENGTH_HEADER, message: 'not a number of bytes' }]);
  }
  const length = Number(text);
  if (length > maxValueBytes) {
    throw new KvError('KV_INPUT_TOO_LARGE', `a value of ${length} bytes`, {
      kind: 'input',
      remedy: `send at most ${maxValueBytes} bytes, or raise doors.http.max_value`,
      details: { maxValueBytes },
    });
  }
  return length;
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
