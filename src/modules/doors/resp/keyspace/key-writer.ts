import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type ObjectStore } from '../../../engine/object-store.interface.js';
import { disposeAfter } from '../../dispose-after.js';
import { type IncomingValue, type ReceivedChunk } from '../../socket/incoming-value.js';
import { type DropReason } from '../../socket/drop-reason.js';
import { type RespCounters } from '../resp-counters.js';
import { type NamedKey } from './named-key.js';
import { type PendingHalves, type PendingPairs } from './pending-pairs.js';
import { type RespKeyspace } from './resp-keyspace.js';

export interface PutOptions {
  /** Epoch milliseconds, 0 = never. */
  readonly expiresAtMs: number;
  readonly keepExpiry: boolean;
  readonly condition: 'absent' | 'present' | undefined;
}

/** `skipped`: the condition did not hold. A value that was not admitted counts as `accepted`. */
export type PutAnswer = 'accepted' | 'skipped';

export interface KeyWriterParts {
  readonly store: ObjectStore;
  readonly keyspace: RespKeyspace;
  readonly pairs: PendingPairs;
  readonly counters: RespCounters;
}

/**
 * Stores what arrived with `SET`. A value that cannot be kept takes the older value of its name with it: a name never
 * answers with less than what was acknowledged last.
 */
export class KeyWriter {
  constructor(private readonly parts: KeyWriterParts) {}

  put(name: NamedKey | undefined, value: IncomingValue, options: PutOptions): Awaitable<PutAnswer> {
    if (name === undefined) {
      this.parts.counters.drop('key-too-long');
      return 'accepted';
    }
    return chain(this.#conditionHolds(name, options), (holds) => {
      if (!holds) return 'skipped';
      if (value.dropped !== undefined) return this.#drop(name, value.dropped);
      if (!options.keepExpiry) return this.#put(name, value, options);
      return chain(this.parts.keyspace.expiresAtMs(name), (expiresAtMs = 0) =>
        this.#put(name, value, { ...options, expiresAtMs }),
      );
    });
  }

  #put(name: NamedKey, value: IncomingValue, options: PutOptions): Awaitable<PutAnswer> {
    if (name.part === 'metadata') return this.#putMetadata(name, value.collected ?? Buffer.alloc(0), options);
    const chunk = value.takeChunk();
    if (chunk === undefined) return this.#drop(name, 'internal');
    if (name.part === 'kv_bytes') return this.#putBytes(name, chunk, options);
    return this.#commit(name, chunk, undefined, options);
  }

  #putBytes(name: NamedKey, chunk: ReceivedChunk, options: PutOptions): Awaitable<PutAnswer> {
    const { pairs } = this.parts;
    const pending = pairs.take(name.chunk);
    pending?.chunk?.[Symbol.dispose]();
    if (pending?.metadata !== undefined) {
      return this.#commit(name, chunk, pending.metadata, soonest(options, pending));
    }
    pairs.hold(name.chunk, { chunk, expiresAtMs: options.expiresAtMs });
    return 'accepted';
  }

  #putMetadata(name: NamedKey, metadata: Buffer, options: PutOptions): Awaitable<PutAnswer> {
    const { pairs } = this.parts;
    const pending = pairs.take(name.chunk);
    if (pending?.bytesDropped === true) return this.#drop(name, 'pair-incomplete');
    if (pending?.chunk !== undefined) {
      return this.#commit(name, pending.chunk, metadata, soonest(options, pending));
    }
    pairs.hold(name.chunk, { metadata, expiresAtMs: options.expiresAtMs });
    return 'accepted';
  }

  #commit(
    name: NamedKey,
    chunk: ReceivedChunk,
    metadata: Buffer | undefined,
    options: PutOptions,
  ): Awaitable<PutAnswer> {
    const onlyIfAbsent = options.condition === 'absent' && name.part === 'value';
    const stored = disposeAfter(chunk, () =>
      chunk.reservation.commit({
        checksum: chunk.checksum,
        expiresAtMs: options.expiresAtMs,
        onlyIfAbsent,
        ...(metadata === undefined ? {} : { metadata }),
      }),
    );
    return chain(stored, ({ stored: kept, reason }) => {
      if (kept) return 'accepted';
      return reason === 'exists' ? 'skipped' : this.#drop(name, reason ?? 'internal');
    });
  }

  /** Whether the condition of the `SET` holds; `absent` for a whole value is left to the engine, which is atomic. */
  #conditionHolds(name: NamedKey, { condition }: PutOptions): Awaitable<boolean> {
    if (condition === undefined || (condition === 'absent' && name.part === 'value')) return true;
    const pending = this.parts.pairs.peek(name.chunk);
    const waits = name.part === 'metadata' ? pending?.metadata !== undefined : pending?.chunk !== undefined;
    if (waits && name.part !== 'value') return condition === 'present';
    return chain(this.parts.keyspace.isThere(name), (there) => there === (condition === 'present'));
  }

  #drop(name: NamedKey, reason: DropReason): Awaitable<PutAnswer> {
    const { counters, pairs, store } = this.parts;
    if (name.part !== 'value') {
      pairs.take(name.chunk)?.chunk?.[Symbol.dispose]();
      if (name.part === 'kv_bytes') pairs.hold(name.chunk, { bytesDropped: true, expiresAtMs: 0 });
    }
    return chain(store.delete([name.chunk]), () => {
      counters.drop(reason);
      return 'accepted';
    });
  }
}

/** Halves expire together: at the earlier of their times. */
function soonest(options: PutOptions, pending: PendingHalves): PutOptions {
  const times = [options.expiresAtMs, pending.expiresAtMs].filter((time) => time > 0);
  return { ...options, expiresAtMs: times.length === 0 ? 0 : Math.min(...times) };
}
