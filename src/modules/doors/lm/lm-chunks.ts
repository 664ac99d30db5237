import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { chain, type Awaitable } from '../../../common/awaitable.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { readableMetadata } from '../../../protocols/lm/readable-chunk.js';
import {
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../../protocols/remote-metadata/remote-metadata.js';
import { type ObjectStore } from '../../engine/object-store.interface.js';
import { disposeAfter } from '../dispose-after.js';
import { admitValue } from '../socket/admit-value.js';
import { type DropReason } from '../socket/drop-reason.js';
import { IncomingValue, type ReceivedChunk } from '../socket/incoming-value.js';
import { type LmCounters } from './lm-counters.js';

export interface LmChunksParts {
  readonly store: ObjectStore;
  readonly counters: LmCounters;
  readonly maxValueBytes: number;
}

/** A chunk that a client asked for. */
export interface LmHit {
  /** Belongs to the receiver. */
  readonly handle: ArenaHandle;
  readonly metadata: RemoteMetadata;
}

/** A chunk that a client is sending. */
export interface LmPut {
  readonly key: ChunkKey;
  /** As it is stored. */
  readonly metadata: Buffer;
  readonly lengthBytes: number;
}

/** What LMCache writes beside a chunk, which a put tells in its header. */
export function lmPut(key: ChunkKey, metadata: RemoteMetadata): LmPut {
  return { key, metadata: encodeRemoteMetadata(metadata), lengthBytes: metadata.lengthBytes };
}

/**
 * The cache as a client of `lm://` sees it: chunks with the metadata of one tensor. What carries none, or none that
 * such a client could take, is not there.
 */
export class LmChunks {
  constructor(private readonly parts: LmChunksParts) {}

  /** What is found is leased until it is read. */
  exists(key: ChunkKey): Awaitable<boolean> {
    const found = this.parts.store.exists([key], { lease: true, withMetadata: true });
    return chain(found, ([tier]) => tier !== undefined);
  }

  get(key: ChunkKey): Awaitable<LmHit | undefined> {
    return chain(this.parts.store.get(key), (handle) => {
      if (handle === undefined) return undefined;
      const metadata = readableMetadata(handle.metadata, handle.lengthBytes);
      if (metadata !== undefined) return { handle, metadata };
      handle[Symbol.dispose]();
      return undefined;
    });
  }

  /** Room for the bytes of a put: in the arena, or nowhere. */
  receive({ key, metadata, lengthBytes }: LmPut): Awaitable<IncomingValue> {
    if (readableMetadata(metadata, lengthBytes) === undefined) {
      return IncomingValue.toNowhere(lengthBytes, 'rejected');
    }
    const { store, maxValueBytes } = this.parts;
    return admitValue(store, key, lengthBytes, { maxValueBytes, metadataCapacityBytes: metadata.length });
  }

  /** Keeps what has come. A chunk that cannot be kept takes the older one of its key with it. */
  commit({ key, metadata }: LmPut, value: IncomingValue): Awaitable<void> {
    const chunk = value.takeChunk();
    if (chunk === undefined) return this.#drop(key, value.dropped ?? 'internal');
    return chain(this.#store(chunk, metadata), (refusal) => {
      if (refusal !== undefined) return this.#drop(key, refusal);
    });
  }

  /** @returns why it was not kept. */
  #store(chunk: ReceivedChunk, metadata: Buffer): Awaitable<DropReason | undefined> {
    const result = disposeAfter(chunk, () =>
      chunk.reservation.commit({ checksum: chunk.checksum, metadata }),
    );
    return chain(result, ({ stored, reason }) => (stored ? undefined : (reason ?? 'internal')));
  }

  #drop(key: ChunkKey, reason: DropReason): Awaitable<void> {
    this.parts.counters.drop(reason);
    return chain(this.parts.store.delete([key]), () => undefined);
  }
}
