import { type ArenaHandle } from '../../../../arena/arena.interface.js';
import { lossJson, type LossJson } from '../../../../codecs/loss.js';
import { checksumFromHex, checksumToHex, fromBase64 } from '../input/encodings.js';
import { type ValueDto } from './values.dto.js';

/** A value as JSON: what is read can be written. */
export interface ValueJson {
  /** Base64, as the metadata. */
  readonly value: string;
  readonly metadata?: string;
  /** CRC-32C in eight hex digits. */
  readonly checksum: string;
  /** What a lossy codec has changed in the values, if one has. */
  readonly loss?: LossJson;
}

export function valueJson({ views, metadata, checksum, form }: ArenaHandle): ValueJson {
  const loss = lossJson(form);
  return {
    value: Buffer.concat(views).toString('base64'),
    ...(metadata.length === 0 ? {} : { metadata: metadata.toString('base64') }),
    checksum: checksumToHex(checksum),
    ...(loss && { loss }),
  };
}

/** A value that came in JSON. */
export interface IncomingValue {
  readonly bytes: Buffer;
  readonly metadata: Buffer | undefined;
  /** CRC-32C that the bytes must have. */
  readonly checksum: number | undefined;
}

/** @param dto validated. */
export function incomingValue({ value, metadata, checksum }: ValueDto): IncomingValue {
  return {
    bytes: Buffer.from(value, 'base64'),
    metadata: metadata === undefined ? undefined : fromBase64(metadata),
    checksum: checksum === undefined ? undefined : checksumFromHex(checksum),
  };
}
