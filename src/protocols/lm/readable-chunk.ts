import { elementBytes } from '../remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../remote-metadata/memory-format.js';
import {
  type MetadataGroup,
  parseRemoteMetadata,
  type RemoteMetadata,
} from '../remote-metadata/remote-metadata.js';

const MAX_LENGTH_BYTES = 0x7fffffff;

/**
 * What a reply may tell of a chunk. LMCache's client makes room by format, dtype and shape before it reads the bytes;
 * where it cannot, or the room is too small, it leaves them in its socket and never finds the next header again.
 * Codes that are not known here are trusted: a newer client wrote them.
 *
 * @param bytes what is stored beside the chunk.
 * @returns undefined for a chunk that such a client could not take.
 */
export function readableMetadata(bytes: Buffer, lengthBytes: number): RemoteMetadata | undefined {
  const metadata = parseRemoteMetadata(bytes);
  const [group, ...others] = metadata?.groups ?? [];
  if (metadata === undefined || group === undefined || others.length > 0) return undefined;
  const isReadable = lengthBytes <= Math.min(MAX_LENGTH_BYTES, roomBytes(metadata.format, group));
  return isReadable ? { ...metadata, lengthBytes } : undefined;
}

/** How much memory LMCache's client takes for such a chunk; -1: it fails. */
function roomBytes(format: number, { dtype, shape }: MetadataGroup): number {
  if (format === MEMORY_FORMATS.UNDEFINED || format === MEMORY_FORMATS.BINARY) return -1;
  if (format === MEMORY_FORMATS.BINARY_BUFFER) return shape[0] ?? -1;
  return shape.reduce((product, length) => product * length, elementBytes(dtype) ?? Infinity);
}
