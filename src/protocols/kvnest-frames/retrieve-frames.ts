import { decodeFrameHeader, FRAME_PREFIX_BYTES, frameHeaderLength } from './frame.js';

/** Header of one retrieved chunk; `length` bytes of the chunk follow. */
export interface ChunkFrameHeader {
  readonly index: number;
  readonly start_token: number;
  readonly tokens: number;
  readonly key: string;
  readonly length: number;
  /** CRC-32C of the bytes, eight hex digits. */
  readonly checksum: string;
  /** Base64, empty when the chunk has none. */
  readonly metadata: string;
  /** What a lossy codec has changed in the values, if one has; the error as a part of the largest magnitude among 128 values. */
  readonly loss?: { readonly codec: string; readonly max_error: number };
}

/** Ends a stream: one without it was cut off. */
export interface EndFrameHeader {
  readonly end: true;
  readonly hit_tokens: number;
  readonly chunks: number;
}

/** Ends a stream that failed on the way; the chunks in front of it are good. */
export interface ErrorFrameHeader {
  readonly error: { readonly code: string; readonly message: string };
}

export type RetrieveFrameHeader = ChunkFrameHeader | EndFrameHeader | ErrorFrameHeader;

export interface RetrieveFrame {
  readonly header: RetrieveFrameHeader;
  /** A view of the input, not a copy. */
  readonly body: Buffer;
  /** Where the next frame starts. */
  readonly end: number;
}

/**
 * The frame that starts at `offset`, or undefined when `bytes` does not hold all of it yet.
 *
 * @throws KV_FRAME_… for bytes that are no frame.
 */
export function decodeRetrieveFrame(bytes: Buffer, offset = 0): RetrieveFrame | undefined {
  if (bytes.length - offset < FRAME_PREFIX_BYTES) return undefined;
  const bodyStart = offset + FRAME_PREFIX_BYTES + frameHeaderLength(bytes.subarray(offset));
  if (bytes.length < bodyStart) return undefined;
  const header = decodeFrameHeader(
    bytes.subarray(offset + FRAME_PREFIX_BYTES, bodyStart),
  ) as unknown as RetrieveFrameHeader;
  const end = bodyStart + ('length' in header ? header.length : 0);
  if (bytes.length < end) return undefined;
  return { header, body: bytes.subarray(bodyStart, end), end };
}
