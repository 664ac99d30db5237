import { type ArenaHandle } from '../arena/arena.interface.js';
import { ExtentWriter } from '../arena/extent-writer.js';
import { type CodecPlace } from './codec-place.interface.js';
import { copyInTurns } from './copy-in-turns.js';
import { ViewReader } from './view-reader.js';

/**
 * Makes a chunk of a header and the first bytes of some views, with key, metadata and attributes of the original.
 *
 * @returns a sealed chunk, which belongs to the receiver; undefined when there is no room in the arena.
 */
export async function writeEncoded(
  { space, crc32c }: CodecPlace,
  original: ArenaHandle,
  header: Buffer,
  views: readonly Buffer[],
  bodyBytes: number,
): Promise<ArenaHandle | undefined> {
  const { key, metadata, attributes } = original;
  const lengthBytes = header.length + bodyBytes;
  const room = space.reserve({ key, lengthBytes, metadataCapacityBytes: metadata.length });
  if (typeof room === 'string') return undefined;
  const writer = new ExtentWriter(room.views, crc32c);
  writer.write(header);
  await copyInTurns(new ViewReader(views), writer);
  room.setMetadata(metadata);
  room.setAttributes(attributes);
  room.seal(writer.checksum);
  return room;
}
