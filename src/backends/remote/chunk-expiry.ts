import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkLookups } from './chunk-lookups.js';
import { type ChunkReads } from './chunk-reads.js';
import { type ChunkRemovals } from './chunk-removals.js';
import { type RemoteParts } from './remote-parts.interface.js';

/** When chunks expire. The time is written with the chunk: to know it the chunk is read, to change it written again. */
export class ChunkExpiry {
  constructor(
    private readonly parts: RemoteParts,
    private readonly reads: ChunkReads,
    private readonly lookups: ChunkLookups,
    private readonly removals: ChunkRemovals,
    /** Whether the store honours it, and tells. */
    private readonly honoured: boolean,
  ) {}

  /** @returns whether the chunk is there. */
  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    const { order, pending, clock } = this.parts;
    if (!this.honoured) return this.lookups.contains(key);
    if (expiresAtMs !== 0 && expiresAtMs <= clock.nowMs()) return this.removals.remove(key);
    const write = pending.find(key);
    write?.chunk?.setAttributes({ expiresAtMs });
    if (write?.chunk !== undefined && !write.isSending) return true;
    const onItsWay = write?.chunk?.retain();
    return order.write([key], async () => {
      const outcome = onItsWay ?? (await this.reads.fetch(key));
      if (typeof outcome === 'string') return false;
      using chunk = outcome;
      return await this.#rewrite(chunk, expiresAtMs);
    });
  }

  /** Time of expiry, 0 = never, or undefined when it is not there. */
  async expiresAtMs(key: ChunkKey): Promise<number | undefined> {
    if (!this.honoured) return (await this.lookups.contains(key)) ? 0 : undefined;
    const outcome = await this.reads.get(key);
    if (typeof outcome === 'string') return undefined;
    using chunk = outcome;
    return chunk.attributes.expiresAtMs;
  }

  /** A chunk whose put has failed meanwhile stays gone. */
  async #rewrite(chunk: ArenaHandle, expiresAtMs: number): Promise<boolean> {
    const { calls, connector, hidden, hide } = this.parts;
    if (hidden.has(chunk.key)) return false;
    chunk.setAttributes({ expiresAtMs });
    const outcome = await calls.attempt(() => connector.put(chunk), 'failed');
    if (outcome === 'failed') hide(chunk.key);
    return outcome === 'stored';
  }
}
