import { MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';
import { type Awaitable, chain } from '../../../../common/awaitable.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { type PrefixChunk } from '../../../engine/cache-engine.interface.js';
import { checksumToHex } from '../../control/input/encodings.js';
import { noSuchChunk } from '../../control/prefix/no-such-chunk.js';
import { chunkJson } from '../../control/prefix/prefix-answers.js';
import { admitValue } from '../../socket/admit-value.js';
import { IncomingValue } from '../../socket/incoming-value.js';
import { type TcpRequest } from '../tcp-request.js';
import {
  type BodyReceiver,
  type ExpectedValue,
  type PatternContext,
  type PatternHandler,
} from './pattern.interface.js';
import { readPrefixHeader } from './prefix-header.js';
import { type ChunkHeader, storeHeader, type StoreHeader } from './store-header.js';
import { type StoredValue, storeValue } from './store-value.js';
import { TokensBody } from './tokens-body.js';
import { outcomeOf } from './value-outcome.js';

export const storePattern: PatternHandler = (request, header, bodyBytes, context) => {
  const { identity, tokenBytes, fields } = readPrefixHeader(header, context.maxJsonBytes);
  const store = storeHeader(fields);
  if (bodyBytes !== tokenBytes + store.chunkBytes) {
    throw frameError(
      `a body of ${bodyBytes} bytes for ${tokenBytes + store.chunkBytes} of tokens and chunks`,
    );
  }
  return new TokensBody(request, tokenBytes, store.chunkBytes, (tokens) => {
    fields.check();
    const places = context.engine.chunksInTurns({ ...identity, tokens });
    const count = context.engine.chunkCount(tokens.length);
    store.chunks.forEach(({ index }, position) => {
      if (index >= count) fields.problem(`chunks[${position}].index`, noSuchChunk(count));
    });
    fields.check();
    return new StoreBody(request, store, places, context);
  });
};

/** Stores the chunks of a prefix as they come. A chunk that is not admitted is skipped; the others are stored. */
class StoreBody implements BodyReceiver {
  readonly #answers: object[] = [];
  /** Known when the first chunk has room. */
  #places: readonly PrefixChunk[] = [];
  #position = 0;
  #unanswered: number;

  constructor(
    private readonly request: TcpRequest,
    private readonly store: StoreHeader,
    private readonly places: Awaitable<readonly PrefixChunk[]>,
    private readonly context: PatternContext,
  ) {
    this.#unanswered = store.chunks.length;
    if (this.#unanswered === 0) this.#answer();
  }

  next(): ExpectedValue | undefined {
    const chunk = this.store.chunks[this.#position];
    return chunk && { lengthBytes: chunk.lengthBytes, room: () => this.#room(chunk) };
  }

  take(value: IncomingValue): void {
    const position = this.#position++;
    const { index, metadata, checksum } = this.store.chunks[position] as ChunkHeader;
    const { ack, onlyIfAbsent, ttlMs } = this.store;
    const { parent } = this.#place(index);
    const stored = storeValue(value, {
      expectedChecksum: checksum,
      ack,
      onlyIfAbsent,
      metadata,
      depth: index,
      expiresAtMs: ttlMs === 0 ? 0 : this.context.clock.nowMs() + ttlMs,
      ...(parent === undefined ? {} : { parent }),
    });
    if (stored instanceof Promise) {
      stored.then(
        (result) => this.#settle(position, result),
        (error: unknown) => this.request.fail(error),
      );
    } else this.#settle(position, stored);
  }

  #place(index: number): PrefixChunk {
    return this.#places[index] as PrefixChunk;
  }

  #room(chunk: ChunkHeader): Awaitable<IncomingValue> {
    return chain(this.places, (places) => {
      this.#places = places;
      return this.#admit(chunk);
    });
  }

  #admit({ index, lengthBytes, metadata }: ChunkHeader): Awaitable<IncomingValue> {
    if (this.request.ended) return IncomingValue.toNowhere(lengthBytes, 'internal');
    const { engine, maxValueBytes } = this.context;
    const room = { maxValueBytes, metadataCapacityBytes: Math.min(metadata.length, MAX_METADATA_BYTES) };
    return admitValue(engine, this.#place(index).key, lengthBytes, room);
  }

  #settle(position: number, { dropped, tiers, checksum }: StoredValue): void {
    const { index } = this.store.chunks[position] as ChunkHeader;
    const place = chunkJson(this.#place(index));
    if (dropped === undefined) {
      this.#answers[position] = { ...place, stored: true, tiers, checksum: checksumToHex(checksum) };
    } else {
      this.context.counters.drop(dropped);
      this.#answers[position] = { ...place, stored: false, reason: outcomeOf(dropped) };
    }
    if (--this.#unanswered === 0) this.#answer();
  }

  #answer(): void {
    this.request.replyJson({ chunks: this.#answers }, { end: true });
  }
}
