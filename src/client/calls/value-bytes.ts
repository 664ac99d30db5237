import { clientInput } from '../client-errors.js';
import { type ValueBytes } from '../kvnest-client.interface.js';
import { integer } from '../options/client-settings.js';

const MAX_METADATA_BYTES = 1024;
const MAX_UINT32 = 2 ** 32 - 1;

/** @throws KV_CLIENT_INPUT */
export function viewsOf(bytes: ValueBytes): readonly Uint8Array[] {
  const views = bytes instanceof Uint8Array ? [bytes] : bytes;
  if (!Array.isArray(views) || !views.every((view) => view instanceof Uint8Array))
    throw clientInput('A value is a Uint8Array, or an array of them');
  return views;
}

const NOTHING = Buffer.alloc(0);

/** @throws KV_CLIENT_INPUT */
export function metadataBytes(metadata: Uint8Array | undefined): Buffer {
  if (metadata === undefined) return NOTHING;
  if (!(metadata instanceof Uint8Array)) throw clientInput('Metadata is a Uint8Array');
  if (metadata.length > MAX_METADATA_BYTES)
    throw clientInput(`Metadata has ${metadata.length} bytes, more than ${MAX_METADATA_BYTES}`);
  return Buffer.from(metadata.buffer, metadata.byteOffset, metadata.length);
}

/** A place for a value. @throws KV_CLIENT_INPUT */
export function placeBytes(into: Uint8Array | undefined): Uint8Array | undefined {
  if (into === undefined || into instanceof Uint8Array) return into;
  throw clientInput('into is a Uint8Array');
}

/** @throws KV_CLIENT_INPUT */
export function checksumNumber(checksum: number | undefined): number | undefined {
  return checksum === undefined ? undefined : integer('checksum', checksum, 0, MAX_UINT32);
}

/** @throws KV_CLIENT_INPUT */
export function ackName(ack: 'memory' | 'all'): 'memory' | 'all' {
  if (!['memory', 'all'].includes(ack))
    throw clientInput(`ack is ${ack as string}, and must be memory or all`);
  return ack;
}

/** @returns 0 for a value that does not expire. @throws KV_CLIENT_INPUT */
export function ttlNumber(ttlMs: number | undefined): number {
  return ttlMs === undefined ? 0 : integer('ttlMs', ttlMs, 1, Number.MAX_SAFE_INTEGER);
}

/** Whether a value may be put again when it is not known whether it was put: only what does not ask for what is there. */
export function isRepeatable({
  onlyIfAbsent = false,
}: {
  readonly onlyIfAbsent?: boolean | undefined;
}): boolean {
  return !onlyIfAbsent;
}

/** Names of the tiers whose bits are set. */
export function tierNames(bits: number, tiers: readonly string[]): readonly string[] {
  return tiers.filter((_, index) => index < 32 && ((bits >>> index) & 1) === 1);
}
