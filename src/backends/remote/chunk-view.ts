import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { keyFits } from './key-limit.js';
import { type RemoteParts } from './remote-parts.interface.js';

/** What is known of a key without asking the store. */
export class ChunkView {
  constructor(private readonly parts: RemoteParts) {}

  /** @returns the chunk on its way to the store, which stays its owner's; undefined when the store must be asked. */
  find(key: ChunkKey): ArenaHandle | 'miss' | undefined {
    const { pending, hidden, connector } = this.parts;
    const write = pending.find(key);
    if (write?.chunk !== undefined && !this.isExpired(write.chunk)) return write.chunk;
    const isNowhere =
      write !== undefined || hidden.has(key) || !keyFits(key, connector.capabilities.maxKeyBytes);
    return isNowhere ? 'miss' : undefined;
  }

  isExpired({ attributes: { expiresAtMs } }: ArenaHandle): boolean {
    return expiresAtMs !== 0 && expiresAtMs <= this.parts.clock.nowMs();
  }
}
