import { type FileHandle } from 'node:fs/promises';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type FetchOutcome } from '../remote-connector.interface.js';
import { type FileLayout, HEAD_BYTES } from './file-layout.interface.js';

/** Read at once: few enough that the checksum finds them in the processor's cache. */
const READ_BYTES = 512 * 1024;

/** Throws when nobody waits for the call any more. */
export type Checkpoint = () => void;

export interface ChunkToRead {
  readonly key: ChunkKey;
  readonly layout: FileLayout;
  readonly checkpoint: Checkpoint;
}

/** Reads a file to its place in the arena; the first `HEAD_BYTES` are copied there. */
export async function readChunk(
  file: FileHandle,
  { key, layout, checkpoint }: ChunkToRead,
): Promise<FetchOutcome> {
  const found = await file.stat();
  if (!found.isFile()) return 'miss';
  const { size: fileBytes } = found;
  const buffer = Buffer.alloc(Math.min(HEAD_BYTES, fileBytes));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  const head = buffer.subarray(0, bytesRead);
  const opened = layout.open({ key, head, fileBytes });
  if (opened === 'corrupt') return opened;
  using intake = opened.intake;
  intake.write(head.subarray(opened.headerBytes));
  for (let position = head.length; intake.remainingBytes > 0 && !intake.discards;) {
    checkpoint();
    const target = intake.target(READ_BYTES);
    const { bytesRead } = await file.read(target, 0, target.length, position);
    if (bytesRead === 0) return 'corrupt';
    intake.advance(bytesRead);
    position += bytesRead;
  }
  return intake.finish();
}
