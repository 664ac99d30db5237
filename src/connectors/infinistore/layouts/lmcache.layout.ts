import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { parseChunkKey } from '../../../protocols/chunk-key/parse-chunk-key.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../../protocols/store-key/store-key.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { lmcacheMetadata } from '../../intake/lmcache-metadata.js';
import { type IntakePlace } from '../../intake/value-intake.js';
import { RecentNames } from '../../recent-names.js';
import { type FetchOutcome, type SendOutcome } from '../../remote-connector.interface.js';
import { type PutSignals } from '../infinistore-client.js';
import { type InfinistoreStore } from '../infinistore-store.js';
import { fillUp } from './fill-up.js';
import { type InfinistoreLayout } from './infinistore-layout.interface.js';
import { LMCACHE_HEADER_BYTES, LmcacheIntake } from './lmcache-intake.js';

/** The buffers in which LMCache sends and receives. */
export const LMCACHE_VALUE_BYTES = 40 * 1024 * 1024;
const MAX_KEY_BYTES = 1024 * 1024;
const MAX_DAMAGED = 4_096;

/** What LMCache's own connector writes: a value under the key of the chunk, RemoteMetadata of one tensor in front. */
export class LmcacheLayout implements InfinistoreLayout {
  readonly capabilities: InfinistoreLayout['capabilities'];

  /** What was found to be damaged, until it is written again. */
  readonly #damaged = new RecentNames(MAX_DAMAGED);

  /** @param maxValueBytes header included. */
  constructor(
    private readonly store: InfinistoreStore,
    private readonly place: IntakePlace,
    private readonly maxValueBytes = LMCACHE_VALUE_BYTES,
  ) {
    this.capabilities = {
      metadata: 'lmcache',
      checksum: false,
      maxValueBytes: maxValueBytes - LMCACHE_HEADER_BYTES,
      maxKeyBytes: MAX_KEY_BYTES,
    };
  }

  keyOf(key: ChunkKey): string {
    return formatStoreKey(key);
  }

  /** Every chunk has metadata. */
  isNameEnough(): boolean {
    return true;
  }

  async exists(key: ChunkKey, _withMetadata: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const name = this.keyOf(key);
    return !(await this.store.isCut(name)) && (await this.store.exists(name, signal));
  }

  async get(key: ChunkKey, signal: AbortSignal | undefined): Promise<FetchOutcome> {
    const name = this.keyOf(key);
    if (await this.store.isCut(name)) return 'miss';
    const take = (lengthBytes: number): ChunkIntake => new LmcacheIntake(this.place, key, lengthBytes);
    const outcome = await this.store.get(name, take, signal);
    if (outcome === 'corrupt') this.#damaged.add(name);
    return outcome;
  }

  /**
   * What is there already under a key that says what the bytes are is not written again: somebody elsewhere may be
   * reading it. Any other is removed first, or the server would evict the new chunk when it comes to the old one.
   */
  async put(chunk: ArenaHandle, signals: PutSignals): Promise<SendOutcome> {
    const name = this.keyOf(chunk.key);
    const metadata = lmcacheMetadata(chunk);
    const isWritable =
      metadata.length === LMCACHE_HEADER_BYTES && chunk.lengthBytes <= this.capabilities.maxValueBytes;
    if (!(await this.store.isCut(name))) {
      const isKnown = isWritable && !this.#damaged.has(name) && parseChunkKey(name) !== undefined;
      if (isKnown && (await this.store.exists(name, signals.signal))) return 'stored';
      if (!isKnown) await this.store.remove([name], signals.signal);
    }
    this.#damaged.delete(name);
    if (!isWritable) return 'rejected';
    const value = fillUp([metadata, ...chunk.views], this.maxValueBytes);
    const outcome = await this.store.putWhole(name, value, signals);
    return outcome === 'full' ? 'busy' : outcome;
  }

  async remove(key: ChunkKey, signal: AbortSignal | undefined): Promise<boolean> {
    const name = this.keyOf(key);
    return !(await this.store.isCut(name)) && (await this.store.remove([name], signal)) > 0;
  }
}
