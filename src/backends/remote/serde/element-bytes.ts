import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { engineDtypeBytes } from '../../../protocols/chunk-key/engine-dtype.js';
import { parseEngineKey } from '../../../protocols/chunk-key/engine-key.js';
import { elementBytes } from '../../../protocols/remote-metadata/element-type.js';
import { isBinaryFormat } from '../../../protocols/remote-metadata/memory-format.js';
import { parseRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';

/** Half precision, in which engines keep their caches unless told otherwise. */
const DEFAULT_BYTES = 2;

/** The bytes of one number in a chunk, by its metadata, else by its key. A wrong guess costs ratio, nothing else. */
export function elementBytesOf({ metadata, key }: Pick<ArenaHandle, 'metadata' | 'key'>): number {
  return bytesByMetadata(metadata) ?? bytesByKey(key.toString()) ?? DEFAULT_BYTES;
}

function bytesByMetadata(metadata: Buffer): number | undefined {
  const parsed = metadata.length === 0 ? undefined : parseRemoteMetadata(metadata);
  const [group] = parsed?.groups ?? [];
  if (parsed === undefined || group === undefined || isBinaryFormat(parsed.format)) return undefined;
  const bytes = elementBytes(group.dtype);
  return bytes === 0 ? undefined : bytes;
}

function bytesByKey(key: string): number | undefined {
  const dtype = parseEngineKey(key)?.dtype;
  return dtype === undefined ? undefined : engineDtypeBytes(dtype);
}
