import { type FileHandle } from 'node:fs/promises';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { type ConnectorCapabilities } from '../remote-connector.interface.js';

/** How much of a file is read first: every header of the layout `lmcache`, and nearly every sealed one. */
export const HEAD_BYTES = 1024;

/** The longest name of a file on Linux. */
export const MAX_FILE_NAME_BYTES = 255;

/** A file of which the beginning is known. */
export interface FileHead {
  readonly key: ChunkKey;
  /** At most `HEAD_BYTES`; all of a shorter file. */
  readonly head: Buffer;
  readonly fileBytes: number;
}

export interface OpenedFile {
  /** What the bytes behind `headerBytes` go to. */
  readonly intake: ChunkIntake;
  readonly headerBytes: number;
}

/** What files are called and what stands in them. */
export interface FileLayout {
  readonly capabilities: Pick<
    ConnectorCapabilities,
    'metadata' | 'checksum' | 'maxValueBytes' | 'maxKeyBytes'
  >;
  /** @returns undefined for a chunk that no file can be named after. */
  fileName(key: ChunkKey): string | undefined;
  /** @returns undefined for a file that is not one of the layout's. `open` is for names that do not tell. */
  keyOf(fileName: string, open: () => Promise<FileHandle | undefined>): Promise<ChunkKey | undefined>;
  /** What a file is made of. @returns undefined for a chunk that the layout cannot hold. */
  contents(chunk: ArenaHandle): readonly Uint8Array[] | undefined;
  open(file: FileHead): OpenedFile | 'corrupt';
  /** Whether there is metadata in this file. */
  hasMetadata(file: FileHandle): Promise<boolean>;
}
