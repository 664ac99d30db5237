import { createHash } from 'node:crypto';
import { type FileHandle } from 'node:fs/promises';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import {
  parseSealedHeader,
  type SealedHeader,
  sealedHeaderLength,
} from '../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey, parseStoreKey } from '../../protocols/store-key/store-key.js';
import { sealChunk } from '../intake/seal-chunk.js';
import { SealedIntake } from '../intake/sealed-intake.js';
import { type IntakePlace } from '../intake/value-intake.js';
import {
  type FileHead,
  type FileLayout,
  HEAD_BYTES,
  MAX_FILE_NAME_BYTES,
  type OpenedFile,
} from './file-layout.interface.js';

const SUFFIX = '.kvc';
/** Starts the name of a file whose chunk's name is too long for one. No encoded name has it. */
const HASHED = '=';

/** kvnest's own files: a sealed chunk each, with checksum, metadata, depth and expiry. */
export class SealedLayout implements FileLayout {
  readonly capabilities: FileLayout['capabilities'] = {
    metadata: 'any',
    checksum: true,
    maxValueBytes: Number.MAX_SAFE_INTEGER,
    maxKeyBytes: Number.MAX_SAFE_INTEGER,
  };

  constructor(private readonly place: IntakePlace) {}

  fileName(key: ChunkKey): string {
    const name = formatStoreKey(key);
    const fileName = encodeURIComponent(name) + SUFFIX;
    if (fileName.length <= MAX_FILE_NAME_BYTES) return fileName;
    return HASHED + createHash('sha256').update(name).digest('hex') + SUFFIX;
  }

  async keyOf(fileName: string, open: () => Promise<FileHandle | undefined>): Promise<ChunkKey | undefined> {
    if (!fileName.endsWith(SUFFIX)) return undefined;
    const name = fileName.startsWith(HASHED)
      ? await this.#hashedName(open)
      : decodeName(fileName.slice(0, -SUFFIX.length));
    const key = name === undefined ? undefined : parseStoreKey(name);
    return key !== undefined && this.fileName(key) === fileName ? key : undefined;
  }

  contents(chunk: ArenaHandle): readonly Uint8Array[] {
    return sealChunk(chunk, this.place.crc32c);
  }

  open({ key, fileBytes }: FileHead): OpenedFile {
    return { intake: new SealedIntake(this.place, key, fileBytes), headerBytes: 0 };
  }

  async hasMetadata(file: FileHandle): Promise<boolean> {
    const header = await this.#readHeader(file);
    return header !== undefined && header.metadata.length > 0;
  }

  async #hashedName(open: () => Promise<FileHandle | undefined>): Promise<string | undefined> {
    await using file = await open();
    return file && (await this.#readHeader(file))?.name;
  }

  async #readHeader(file: FileHandle): Promise<SealedHeader | undefined> {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const length = sealedHeaderLength(head.subarray(0, bytesRead));
    if (length === undefined) return undefined;
    if (length <= bytesRead) return parseSealedHeader(head, this.place.crc32c);
    const header = Buffer.alloc(length);
    await file.read(header, 0, length, 0);
    return parseSealedHeader(header, this.place.crc32c);
  }
}

/** @returns undefined for percent signs that are no escapes. */
function decodeName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
