import { KvError } from '../../common/errors/kv-error.js';
import { ELEMENT_TYPE_CODES } from '../remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../remote-metadata/memory-format.js';
import {
  encodeRemoteMetadata,
  parseRemoteMetadata,
  type RemoteMetadata,
} from '../remote-metadata/remote-metadata.js';
import { isLmKey, MAX_LM_KEY_BYTES, trimLmKey } from './lm-key.js';

export const LM_COMMANDS = { PUT: 1, GET: 2, EXIST: 3, LIST: 4, HEALTH: 5 } as const;
export type LmCommand = (typeof LM_COMMANDS)[keyof typeof LM_COMMANDS];

export const LM_CODES = { SUCCESS: 200, FAIL: 400 } as const;
export type LmCode = (typeof LM_CODES)[keyof typeof LM_CODES];

/** Nine integers and the key. */
export const LM_REQUEST_BYTES = 36 + MAX_LM_KEY_BYTES;
/** Nine integers. */
export const LM_REPLY_BYTES = 36;

/** The header of what a client sends. Behind a PUT follow `metadata.lengthBytes` bytes. */
export interface LmRequest {
  readonly command: LmCommand;
  readonly key: Buffer;
  /** Of the chunk that is put, in one group; of no chunk in other commands. */
  readonly metadata: RemoteMetadata;
}

/** The header of what a server answers. Behind a SUCCESS follow `metadata.lengthBytes` bytes. */
export interface LmReply {
  readonly code: LmCode;
  readonly metadata: RemoteMetadata;
}

/** What stands in a header that concerns no chunk: LMCache writes these numbers on both sides. */
export const NO_CHUNK: RemoteMetadata = {
  lengthBytes: 0,
  format: MEMORY_FORMATS.KV_2LTD,
  groups: [{ dtype: ELEMENT_TYPE_CODES.float16, shape: [] }],
};

/** Offset of the location in a request. Neither LMCache's client nor its server ever writes another than 0. */
const LOCATION_AT = 16;
const METADATA_BYTES = 28;
/** Length, format and dtype, which stand before the location of a request; the shape stands behind it. */
const METADATA_HEAD_BYTES = 12;
const COMMANDS = new Set<number>(Object.values(LM_COMMANDS));
const SPACE = 0x20;

/**
 * 186 bytes: `command, length, format, dtype, location, shape[4]` as little-endian 32-bit integers, then the key,
 * padded with spaces.
 *
 * @throws KV_INPUT_LM_KEY, KV_INPUT_METADATA
 */
export function encodeLmRequest(command: LmCommand, key: string, metadata = NO_CHUNK): Buffer {
  if (!isLmKey(key)) throw badKey(key);
  const bytes = Buffer.alloc(LM_REQUEST_BYTES, SPACE);
  const struct = oneGroup(metadata);
  bytes.writeInt32LE(command, 0);
  struct.copy(bytes, 4, 0, METADATA_HEAD_BYTES);
  bytes.writeInt32LE(0, LOCATION_AT);
  struct.copy(bytes, LOCATION_AT + 4, METADATA_HEAD_BYTES);
  bytes.write(key, 36, 'utf8');
  return bytes;
}

/** 36 bytes: `code, length, format, dtype, shape[4], location`. @throws KV_INPUT_METADATA */
export function encodeLmReply(code: LmCode, metadata = NO_CHUNK): Buffer {
  const bytes = Buffer.alloc(LM_REPLY_BYTES);
  bytes.writeInt32LE(code, 0);
  oneGroup(metadata).copy(bytes, 4);
  return bytes;
}

/** @param bytes the whole header; the key is copied out of it. @returns what is wrong with it, as text, where something is. */
export function decodeLmRequest(bytes: Buffer): LmRequest | string {
  const command = bytes.readInt32LE(0);
  if (!COMMANDS.has(command)) return `unknown command ${command}`;
  const struct = Buffer.concat([
    bytes.subarray(4, LOCATION_AT),
    bytes.subarray(LOCATION_AT + 4, LOCATION_AT + 4 + METADATA_BYTES - METADATA_HEAD_BYTES),
  ]);
  const metadata = decodeStruct(struct);
  if (typeof metadata === 'string') return metadata;
  return { command: command as LmCommand, key: trimLmKey(bytes.subarray(36, LM_REQUEST_BYTES)), metadata };
}

/** @param bytes the whole header. @returns what is wrong with it, as text, where something is. */
export function decodeLmReply(bytes: Buffer): LmReply | string {
  const code = bytes.readInt32LE(0);
  if (code !== LM_CODES.SUCCESS && code !== LM_CODES.FAIL) return `unknown code ${code}`;
  const metadata = decodeStruct(bytes.subarray(4, 4 + METADATA_BYTES));
  return typeof metadata === 'string' ? metadata : { code, metadata };
}

function decodeStruct(struct: Buffer): RemoteMetadata | string {
  const metadata = parseRemoteMetadata(struct);
  if (metadata === undefined) return 'a negative length or shape';
  const dtype = metadata.groups[0]?.dtype ?? 0;
  return metadata.format < 0 || dtype < 0 ? 'a negative format or dtype' : metadata;
}

function oneGroup(metadata: RemoteMetadata): Buffer {
  const bytes = encodeRemoteMetadata(metadata);
  if (bytes.length === METADATA_BYTES) return bytes;
  throw new KvError(
    'KV_INPUT_METADATA',
    `A header of lm:// has no room for ${metadata.groups.length} groups`,
    {
      kind: 'input',
      remedy: 'Give the metadata of one group.',
    },
  );
}

function badKey(key: string): KvError {
  return new KvError('KV_INPUT_LM_KEY', `${JSON.stringify(key)} cannot be a key of lm://`, {
    kind: 'input',
    remedy: `Give a key of 1 to ${MAX_LM_KEY_BYTES} bytes that neither begins nor ends with white space.`,
  });
}
