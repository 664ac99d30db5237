import { type ArenaHandle } from '../../arena/arena.interface.js';
import {
  binaryMetadata,
  encodeRemoteMetadata,
  parseRemoteMetadata,
} from '../../protocols/remote-metadata/remote-metadata.js';

/**
 * The RemoteMetadata to write beside a chunk: its own, or that of plain bytes. LMCache makes room for what it says, so
 * it must be about these very bytes.
 */
export function lmcacheMetadata({ metadata, lengthBytes }: ArenaHandle): Buffer {
  const isTheirs = parseRemoteMetadata(metadata)?.lengthBytes === lengthBytes;
  return isTheirs ? metadata : encodeRemoteMetadata(binaryMetadata(lengthBytes));
}
