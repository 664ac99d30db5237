import { createHash, randomBytes } from 'node:crypto';
import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import {
  encodeChunkPointer,
  parseChunkPointer,
  POINTER_ID_BYTES,
} from '../../../protocols/infinistore/chunk-pointer.js';
import { MAX_INFINISTORE_VALUE_BYTES } from '../../../protocols/infinistore/infinistore-request.js';
import { formatStoreKey } from '../../../protocols/store-key/store-key.js';
import { sealChunk } from '../../intake/seal-chunk.js';
import { SealedIntake } from '../../intake/sealed-intake.js';
import { type IntakePlace } from '../../intake/value-intake.js';
import { type FetchOutcome, type SendOutcome } from '../../remote-connector.interface.js';
import { HEALING_BYTES, type PutSignals } from '../infinistore-client.js';
import { type InfinistoreStore } from '../infinistore-store.js';
import { fillUp } from './fill-up.js';
import { type InfinistoreLayout } from './infinistore-layout.interface.js';

/** No LMCache key begins so, and no escaped one: there a digit follows the first colon. */
const POINTER_PREFIX = 'kvnest:sealed:';
const HASHED_PREFIX = 'kvnest:hashed:';
const VALUE_PREFIX = 'kvnest:value:';
const HEADER_ROOM_BYTES = 64 * 1024;
/** A pointer travels in one piece with its key. In place of a longer one stands its hash; the value has the name. */
const MAX_POINTER_KEY_BYTES = 1024;
const MAX_KEY_BYTES = 32 * 1024;
/** Values of replaced chunks that are not remembered are left to the server's eviction. */
const MAX_REMEMBERED = 65_536;

type Signal = AbortSignal | undefined;

/**
 * A sealed value under a key of its own that is never used again, and under the name of the chunk a pointer to it, which
 * is written when the value is whole. So nobody in any process meets a value that is still on its way, which would kill
 * the server.
 */
export class SealedLayout implements InfinistoreLayout {
  readonly capabilities: InfinistoreLayout['capabilities'];
  /** Values that this process put, by the names of their chunks. */
  readonly #valueKeys = new Map<string, string>();

  constructor(
    private readonly store: InfinistoreStore,
    private readonly place: IntakePlace,
    private readonly maxValueBytes = MAX_INFINISTORE_VALUE_BYTES,
  ) {
    this.capabilities = {
      metadata: 'any',
      checksum: true,
      maxValueBytes: maxValueBytes - HEADER_ROOM_BYTES,
      maxKeyBytes: MAX_KEY_BYTES,
    };
  }

  keyOf(key: ChunkKey): string {
    const name = POINTER_PREFIX + formatStoreKey(key);
    if (Buffer.byteLength(name) <= MAX_POINTER_KEY_BYTES) return name;
    return HASHED_PREFIX + createHash('sha256').update(name).digest('hex');
  }

  isNameEnough(withMetadata: boolean): boolean {
    return !withMetadata;
  }

  async exists(key: ChunkKey, withMetadata: boolean, signal: Signal): Promise<boolean> {
    const name = this.keyOf(key);
    if (await this.store.isCut(name)) return false;
    if (!withMetadata) return this.store.exists(name, signal);
    const pointer = parseChunkPointer(
      (await this.store.getSmall(name, signal)) ?? Buffer.alloc(0),
      this.place.crc32c,
    );
    return pointer !== undefined && pointer.metadataBytes > 0;
  }

  async get(key: ChunkKey, signal: Signal): Promise<FetchOutcome> {
    const name = this.keyOf(key);
    if (await this.store.isCut(name)) return 'miss';
    const bytes = await this.store.getSmall(name, signal);
    if (bytes === undefined) return 'miss';
    const outcome = await this.#follow(key, bytes, signal);
    if (outcome !== 'miss' || signal?.aborted === true) return outcome;
    const again = await this.store.getSmall(name, signal);
    if (again === undefined) return 'miss';
    // Another process has put the chunk anew.
    if (!again.equals(bytes)) return this.#follow(key, again, signal);
    await this.store.remove([name], signal);
    return 'miss';
  }

  async put(chunk: ArenaHandle, signals: PutSignals): Promise<SendOutcome> {
    const name = this.keyOf(chunk.key);
    if (chunk.lengthBytes > this.capabilities.maxValueBytes) {
      await this.#forget(name, signals.signal);
      return 'rejected';
    }
    const id = randomBytes(POINTER_ID_BYTES);
    const valueKey = valueKeyOf(id);
    const { crc32c } = this.place;
    const value = sealChunk(chunk, crc32c);
    const lengthBytes = value.reduce((sum, { length }) => sum + length, 0);
    // A key that is removed and then put is not evicted in place of its older self.
    const [stored, forgotten] = await Promise.allSettled([
      this.store.putWhole(valueKey, fillUp(value, this.maxValueBytes), signals),
      this.#forget(name, undefined),
    ]);
    if (stored.status === 'rejected') throw stored.reason;
    if (forgotten.status === 'rejected') throw forgotten.reason;
    if (stored.value === 'full') return 'busy';
    const pointer = encodeChunkPointer({ id, lengthBytes, metadataBytes: chunk.metadata.length }, crc32c);
    if ((await this.store.putSmallWhole(name, pointer)) === 'full') {
      await this.store.remove([valueKey], undefined);
      return 'busy';
    }
    this.#remember(name, valueKey);
    return 'stored';
  }

  remove(key: ChunkKey, signal: Signal): Promise<boolean> {
    return this.#forget(this.keyOf(key), signal);
  }

  async #follow(key: ChunkKey, bytes: Buffer, signal: Signal): Promise<FetchOutcome> {
    const pointer = parseChunkPointer(bytes, this.place.crc32c);
    if (pointer === undefined) return bytes.length === HEALING_BYTES ? 'miss' : 'corrupt';
    const take = (): SealedIntake => new SealedIntake(this.place, key, pointer.lengthBytes);
    return this.store.get(valueKeyOf(pointer.id), take, signal);
  }

  /** @returns whether the chunk was there. */
  async #forget(name: string, signal: Signal): Promise<boolean> {
    const wasThere = !(await this.store.isCut(name)) && (await this.store.remove([name], signal)) > 0;
    const valueKey = this.#valueKeys.get(name);
    if (valueKey !== undefined) await this.store.remove([valueKey], signal);
    this.#valueKeys.delete(name);
    return wasThere;
  }

  #remember(name: string, valueKey: string): void {
    this.#valueKeys.set(name, valueKey);
    if (this.#valueKeys.size <= MAX_REMEMBERED) return;
    const [oldest = name] = this.#valueKeys.keys();
    this.#valueKeys.delete(oldest);
  }
}

function valueKeyOf(id: Buffer): string {
  return VALUE_PREFIX + id.toString('hex');
}
