import { MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';
import { type Awaitable } from '../../../../common/awaitable.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { type PutEntry, type PutList, readPutList } from '../../../../protocols/kvnest-tcp/put-list.js';
import { encodePutAnswers, type PutAnswer } from '../../../../protocols/kvnest-tcp/replies.js';
import { admitValue } from '../../socket/admit-value.js';
import { IncomingValue } from '../../socket/incoming-value.js';
import { type TcpRequest } from '../tcp-request.js';
import { chunkKey } from './chunk-keys.js';
import {
  type BodyReceiver,
  type ExpectedValue,
  type PatternContext,
  type PatternHandler,
} from './pattern.interface.js';
import { type StoredValue, storeValue } from './store-value.js';
import { outcomeOf } from './value-outcome.js';

export const putPattern: PatternHandler = (request, header, bodyBytes, context) => {
  const list = readPutList(Buffer.from(header));
  const keys = list.entries.map(({ key }) => chunkKey(key, list.namespace));
  let bytes = 0;
  for (const { lengthBytes, metadata } of list.entries) {
    if (metadata.length > MAX_METADATA_BYTES) throw frameError(`metadata of ${metadata.length} bytes`);
    bytes += lengthBytes;
  }
  if (bytes !== bodyBytes) throw frameError(`a put of ${bytes} bytes with a body of ${bodyBytes}`);
  return new PutBody(request, list, keys, context);
};

/** Stores chunk by chunk as they come. What came whole stays stored, whatever becomes of the rest. */
class PutBody implements BodyReceiver {
  readonly #answers: PutAnswer[] = [];
  #position = 0;
  #unanswered: number;

  constructor(
    private readonly request: TcpRequest,
    private readonly list: PutList,
    private readonly keys: readonly ChunkKey[],
    private readonly context: PatternContext,
  ) {
    this.#unanswered = list.entries.length;
    if (this.#unanswered === 0) this.#answer();
  }

  next(): ExpectedValue | undefined {
    const entry = this.list.entries[this.#position];
    if (entry === undefined) return undefined;
    const key = this.keys[this.#position] as ChunkKey;
    return { lengthBytes: entry.lengthBytes, room: () => this.#room(key, entry) };
  }

  take(value: IncomingValue): void {
    const index = this.#position++;
    const { checksum, metadata, depth, ...entry } = this.list.entries[index] as PutEntry;
    const { ack, onlyIfAbsent } = this.list;
    const stored = storeValue(value, {
      expectedChecksum: checksum,
      metadata,
      ack,
      onlyIfAbsent,
      expiresAtMs: this.#expiryOf(entry),
      ...(depth !== undefined && { depth }),
    });
    if (stored instanceof Promise) {
      stored.then(
        (result) => this.#settle(index, result),
        (error: unknown) => this.request.fail(error),
      );
    } else this.#settle(index, stored);
  }

  #expiryOf({ ttlMs, expiresAtMs }: Pick<PutEntry, 'ttlMs' | 'expiresAtMs'>): number {
    return expiresAtMs ?? (ttlMs === 0 ? 0 : this.context.clock.nowMs() + ttlMs);
  }

  /** Nobody waits for the answer of a request that is over: its bytes are read and dropped. */
  #room(key: ChunkKey, { lengthBytes, metadata }: PutEntry): Awaitable<IncomingValue> {
    if (this.request.ended) return IncomingValue.toNowhere(lengthBytes, 'internal');
    const { engine, maxValueBytes } = this.context;
    return admitValue(engine, key, lengthBytes, { maxValueBytes, metadataCapacityBytes: metadata.length });
  }

  #settle(index: number, { dropped, tiers, checksum }: StoredValue): void {
    if (dropped === undefined) {
      this.#answers[index] = { outcome: 'stored', tiers: this.context.tiers.mask(tiers), checksum };
    } else {
      this.context.counters.drop(dropped);
      this.#answers[index] = { outcome: outcomeOf(dropped), tiers: 0, checksum: 0 };
    }
    if (--this.#unanswered === 0) this.#answer();
  }

  #answer(): void {
    this.request.reply(encodePutAnswers(this.#answers), { end: true });
  }
}
