import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { parseRemoteMetadata } from '../../protocols/remote-metadata/remote-metadata.js';
import { formatStoreKey, parseStoreKey } from '../../protocols/store-key/store-key.js';
import { lmcacheMetadata } from '../intake/lmcache-metadata.js';
import { type IntakePlace, ValueIntake } from '../intake/value-intake.js';
import {
  type FileHead,
  type FileLayout,
  MAX_FILE_NAME_BYTES,
  type OpenedFile,
} from './file-layout.interface.js';

const SUFFIX = '.data';
/** LMCache's stand-in for the slash of model names. A key that has it itself could not be told from another: no file. */
const SLASH = '-SEP-';
const MAX_INT32 = 2 ** 31 - 1;

/**
 * The files of LMCache's in-process `fs://`: the key with another slash, RemoteMetadata (unless `save_chunk_meta` is
 * off there), then the bytes.
 */
export class LmcacheLayout implements FileLayout {
  readonly capabilities: FileLayout['capabilities'];

  constructor(
    private readonly place: IntakePlace,
    private readonly withMetadata: boolean,
  ) {
    this.capabilities = {
      metadata: withMetadata ? 'lmcache' : 'none',
      checksum: false,
      maxValueBytes: withMetadata ? MAX_INT32 : Number.MAX_SAFE_INTEGER,
      maxKeyBytes: MAX_FILE_NAME_BYTES - SUFFIX.length,
    };
  }

  fileName(key: ChunkKey): string | undefined {
    const name = formatStoreKey(key);
    const encoded = name.replaceAll('/', SLASH);
    if (encoded.replaceAll(SLASH, '/') !== name) return undefined;
    const fileName = encoded + SUFFIX;
    return Buffer.byteLength(fileName) > MAX_FILE_NAME_BYTES ? undefined : fileName;
  }

  keyOf(fileName: string): Promise<ChunkKey | undefined> {
    const isOurs = fileName.endsWith(SUFFIX);
    const name = fileName.slice(0, -SUFFIX.length).replaceAll(SLASH, '/');
    return Promise.resolve(isOurs ? parseStoreKey(name) : undefined);
  }

  contents(chunk: ArenaHandle): readonly Uint8Array[] | undefined {
    const { lengthBytes, views } = chunk;
    if (!this.withMetadata) return views;
    return lengthBytes > MAX_INT32 ? undefined : [lmcacheMetadata(chunk), ...views];
  }

  open({ key, head, fileBytes }: FileHead): OpenedFile | 'corrupt' {
    if (!this.withMetadata) {
      if (fileBytes === 0) return 'corrupt';
      return { intake: new ValueIntake(this.place, { key, lengthBytes: fileBytes }), headerBytes: 0 };
    }
    // Nothing says how long the metadata is, but the bytes behind it say how long they are.
    const lengthBytes = head.length < 4 ? -1 : head.readInt32LE(0);
    const headerBytes = fileBytes - lengthBytes;
    if (lengthBytes < 0 || headerBytes < 0 || headerBytes > head.length) return 'corrupt';
    const metadata = head.subarray(0, headerBytes);
    if (parseRemoteMetadata(metadata) === undefined) return 'corrupt';
    return { intake: new ValueIntake(this.place, { key, lengthBytes, metadata }), headerBytes };
  }

  hasMetadata(): Promise<boolean> {
    return Promise.resolve(this.withMetadata);
  }
}
