import { KvError } from '../../common/errors/kv-error.js';

/** What a client sends first, before any frame. */
export const PREAMBLE = Buffer.from('KVN1', 'latin1');

/** The version of everything in this folder. */
export const PROTOCOL_VERSION = 1;

/** In front of each frame. */
export const FRAME_PREFIX_BYTES = 24;

/** Longest header of any frame. */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;

export const FRAME_TYPES = {
  HELLO: 1,
  REQUEST: 2,
  REPLY: 3,
  ERROR: 4,
  CANCEL: 5,
  PING: 6,
  PONG: 7,
  GOAWAY: 8,
} as const;

export type FrameType = (typeof FRAME_TYPES)[keyof typeof FRAME_TYPES];

/** No further frame answers this request. */
export const FLAG_END = 1;

/** What stands in front of each frame: `u8 type | u8 pattern | u16 flags | u32 request | u32 header | u32 timeout | u64 body`. */
export interface FramePrefix {
  readonly type: FrameType;
  /** Of a request: what it asks for, a number of `PATTERNS`. 0 in other frames. */
  readonly pattern: number;
  readonly flags: number;
  /** Chosen by the client, not 0, and its own until the last frame that answers it; 0 = the connection as a whole. */
  readonly requestId: number;
  readonly headerBytes: number;
  /** Of a request: when the client stops waiting; 0 = never. */
  readonly timeoutMs: number;
  readonly bodyBytes: number;
}

/** What a sender says of a frame; the rest is 0. */
export interface FrameFields extends Partial<Omit<FramePrefix, 'type' | 'headerBytes'>> {
  readonly type: FrameType;
}

const KNOWN_TYPES = new Set<number>(Object.values(FRAME_TYPES));
const HIGH_WORD = 2 ** 32;

/** @returns prefix and header in one buffer; the body, if any, follows on the wire as it is. */
export function encodeFrame(fields: FrameFields, header?: Uint8Array): Buffer {
  const headerBytes = header?.length ?? 0;
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + headerBytes);
  writeFramePrefix(frame, fields, headerBytes);
  if (header !== undefined) frame.set(header, FRAME_PREFIX_BYTES);
  return frame;
}

/** As `encodeFrame`, with a header of JSON. */
export function encodeJsonFrame(fields: FrameFields, header: object): Buffer {
  const json = JSON.stringify(header);
  const headerBytes = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + headerBytes);
  writeFramePrefix(frame, fields, headerBytes);
  frame.write(json, FRAME_PREFIX_BYTES);
  return frame;
}

/** Writes the prefix to the first bytes of `frame`, for a header that is written behind it. */
export function writeFramePrefix(frame: Buffer, fields: FrameFields, headerBytes: number): void {
  const { type, pattern = 0, flags = 0, requestId = 0, timeoutMs = 0, bodyBytes = 0 } = fields;
  frame[0] = type;
  frame[1] = pattern;
  frame.writeUInt16LE(flags, 2);
  frame.writeUInt32LE(requestId, 4);
  frame.writeUInt32LE(headerBytes, 8);
  frame.writeUInt32LE(timeoutMs, 12);
  frame.writeUInt32LE(bodyBytes % HIGH_WORD, 16);
  frame.writeUInt32LE(Math.floor(bodyBytes / HIGH_WORD), 20);
}

/**
 * @returns the prefix that starts at `offset`.
 * @throws KV_TCP_FRAME when it is none, has flags that nobody knows, or announces a header or a body beyond all limits.
 */
export function readFramePrefix(bytes: Buffer, offset = 0): FramePrefix {
  const type = bytes[offset] as number;
  if (!isFrameType(type)) throw frameError(`a frame of type ${type}`);
  const flags = bytes.readUInt16LE(offset + 2);
  if (flags > FLAG_END) throw frameError(`flags ${flags}`);
  const headerBytes = bytes.readUInt32LE(offset + 8);
  if (headerBytes > MAX_HEADER_BYTES) throw frameError(`a header of ${headerBytes} bytes`);
  const bodyBytes = bytes.readUInt32LE(offset + 16) + HIGH_WORD * bytes.readUInt32LE(offset + 20);
  if (!Number.isSafeInteger(bodyBytes))
    throw frameError(`a body of more than ${Number.MAX_SAFE_INTEGER} bytes`);
  return {
    type,
    pattern: bytes[offset + 1] as number,
    flags,
    requestId: bytes.readUInt32LE(offset + 4),
    headerBytes,
    timeoutMs: bytes.readUInt32LE(offset + 12),
    bodyBytes,
  };
}

/** What was received is not this protocol: the stream cannot be understood any more. */
export function frameError(what: string): KvError {
  return new KvError('KV_TCP_FRAME', what, {
    kind: 'input',
    remedy: 'speak the protocol of docs/tcp-protocol.md, version 1, and nothing else, on this port',
  });
}

function isFrameType(type: number): type is FrameType {
  return KNOWN_TYPES.has(type);
}
