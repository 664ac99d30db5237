import { MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const CHECKSUM = /^[0-9a-fA-F]{8}$/;

/** @returns the bytes of base64 text, or undefined when it is none. */
export function fromBase64(text: string): Buffer | undefined {
  return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** @returns undefined when it is no base64 of what a chunk may carry. */
export function metadataFrom(text: string): Buffer | undefined {
  const metadata = fromBase64(text);
  return metadata === undefined || metadata.length > MAX_METADATA_BYTES ? undefined : metadata;
}

/** A CRC-32C as eight hex digits. */
export function checksumToHex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** @returns undefined unless it is a CRC-32C in eight hex digits. */
export function checksumFromHex(text: string): number | undefined {
  return CHECKSUM.test(text) ? Number.parseInt(text, 16) : undefined;
}
