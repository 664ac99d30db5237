import { KvError } from '../../common/errors/kv-error.js';

/** Content type of a stream of frames. */
export const FRAMES_CONTENT_TYPE = 'application/x-kvnest-frames';

/** Longest JSON header of a frame, in bytes: room for some millions of tokens in base64. */
export const MAX_FRAME_HEADER_BYTES = 16 * 1024 * 1024;

/** Bytes in front of the JSON header: its length as a little-endian u32. */
export const FRAME_PREFIX_BYTES = 4;

/** @returns the start of a frame: `u32 length | JSON`. The body, if any, follows on the wire as it is. */
export function encodeFrameHeader(header: object): Buffer {
  const json = JSON.stringify(header);
  const length = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + length);
  frame.writeUInt32LE(length, 0);
  frame.write(json, FRAME_PREFIX_BYTES);
  return frame;
}

/**
 * Length of the JSON header that starts with `prefix`.
 *
 * @throws KV_FRAME_HEADER_LENGTH when it is zero or beyond `MAX_FRAME_HEADER_BYTES`.
 */
export function frameHeaderLength(prefix: Buffer): number {
  const length = prefix.readUInt32LE(0);
  if (length === 0 || length > MAX_FRAME_HEADER_BYTES) {
    throw new KvError('KV_FRAME_HEADER_LENGTH', `a frame header of ${length} bytes`, {
      kind: 'input',
      remedy: `start each frame with the length of its JSON header, little-endian, 1 to ${MAX_FRAME_HEADER_BYTES}`,
    });
  }
  return length;
}

/**
 * Parses the JSON header of a frame.
 *
 * @throws KV_FRAME_HEADER_JSON when it is not a JSON object.
 */
export function decodeFrameHeader(json: Buffer): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw notAnObject(cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw notAnObject(undefined);
  return header as Record<string, unknown>;
}

function notAnObject(cause: unknown): KvError {
  return new KvError('KV_FRAME_HEADER_JSON', 'the frame header is not a JSON object', {
    kind: 'input',
    cause,
  });
}
