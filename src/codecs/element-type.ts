import { type ArenaHandle } from '../arena/arena.interface.js';
import { engineDtypeBytes } from '../protocols/chunk-key/engine-dtype.js';
import { parseEngineKey } from '../protocols/chunk-key/engine-key.js';
import {
  ELEMENT_TYPE_CODES,
  elementBytes,
  elementTypeName,
} from '../protocols/remote-metadata/element-type.js';
import { isBinaryFormat } from '../protocols/remote-metadata/memory-format.js';
import { parseRemoteMetadata } from '../protocols/remote-metadata/remote-metadata.js';

/** What the numbers of a chunk are. */
export interface ElementType {
  /** Bytes of one number. */
  readonly bytes: number;
  /** LMCache's code; 0: only the bytes are known, or guessed. */
  readonly code: number;
}

/** Half precision, in which engines keep their caches unless told otherwise. */
const DEFAULT_BYTES = 2;

/** The type by PyTorch's name; undefined for one that is not known. */
export function elementTypeNamed(name: string): ElementType | undefined {
  const code = Object.entries(ELEMENT_TYPE_CODES).find(([known]) => known === name)?.[1] ?? 0;
  const bytes = elementBytes(code) ?? 0;
  return bytes === 0 ? undefined : { bytes, code };
}

/** The type by the metadata of a chunk, where they say that all of it is of one. */
export function elementTypeOf(metadata: Buffer): ElementType | undefined {
  const parsed = metadata.length === 0 ? undefined : parseRemoteMetadata(metadata);
  const [group, ...others] = parsed?.groups ?? [];
  if (parsed === undefined || group === undefined || isBinaryFormat(parsed.format)) return undefined;
  const name = elementTypeName(group.dtype);
  return others.every(({ dtype }) => elementTypeName(dtype) === name) ? elementTypeNamed(name) : undefined;
}

/** The bytes of one number in a chunk, by its metadata, else by its key. A wrong guess costs ratio, nothing else. */
export function likelyElementType({ metadata, key }: Pick<ArenaHandle, 'metadata' | 'key'>): ElementType {
  const bytes = bytesByMetadata(metadata) ?? bytesByKey(key.toString()) ?? DEFAULT_BYTES;
  return { bytes, code: ELEMENT_TYPE_CODES.none };
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
