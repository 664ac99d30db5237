import { all, chain, type Awaitable } from '../../../../common/awaitable.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { type ObjectStore } from '../../../engine/object-store.interface.js';
import { type NamedKey, type Part } from './named-key.js';
import { type PendingHalves, type PendingPairs } from './pending-pairs.js';
import { type RespKeyspace } from './resp-keyspace.js';

export interface KeyRemoverParts {
  readonly store: ObjectStore;
  readonly keyspace: RespKeyspace;
  readonly pairs: PendingPairs;
}

interface Request {
  readonly key: ChunkKey;
  readonly parts: Set<Part>;
}

/** Removes what `DEL` names. A half takes the whole chunk with it; both halves in one command count as two. */
export class KeyRemover {
  constructor(private readonly parts: KeyRemoverParts) {}

  /** @returns how many of the names were there. */
  remove(names: readonly NamedKey[]): Awaitable<number> {
    const counts = groupByChunk(names).map(({ key, parts }) =>
      parts.size === 1 && parts.has('value')
        ? chain(this.parts.store.delete([key]), ([removed]) => (removed === true ? 1 : 0))
        : this.#removeParts(key, parts),
    );
    return chain(all(counts), (removed) => removed.reduce((sum, count) => sum + count, 0));
  }

  async #removeParts(key: ChunkKey, parts: ReadonlySet<Part>): Promise<number> {
    const stored = await this.#metadataOf(key);
    const isPair = stored !== undefined;
    const isStored =
      isPair || parts.has('value') ? (await this.parts.store.delete([key]))[0] === true : false;
    const pending = this.parts.pairs.take(key);
    const metadata = pending?.metadata ?? stored;
    const there: Readonly<Record<Part, boolean>> = {
      value: isStored,
      kv_bytes: isPair || pending?.chunk !== undefined,
      metadata: metadata !== undefined,
    };
    this.#keepRest(key, parts, { ...pending, metadata, expiresAtMs: pending?.expiresAtMs ?? 0 });
    return [...parts].filter((part) => there[part]).length;
  }

  /** The half that was not named waits for a new other half. */
  #keepRest(key: ChunkKey, parts: ReadonlySet<Part>, halves: PendingHalves): void {
    const chunk = parts.has('kv_bytes') ? undefined : halves.chunk;
    const metadata = parts.has('kv_bytes') && !parts.has('metadata') ? halves.metadata : undefined;
    if (chunk === undefined) halves.chunk?.[Symbol.dispose]();
    if (chunk !== undefined || metadata !== undefined) {
      this.parts.pairs.hold(key, { chunk, metadata, expiresAtMs: halves.expiresAtMs });
    }
  }

  /** A copy of the metadata of a chunk that has any. */
  async #metadataOf(key: ChunkKey): Promise<Buffer | undefined> {
    using handle = await this.parts.keyspace.get({ chunk: key, part: 'metadata' });
    return handle === undefined ? undefined : Buffer.from(handle.metadata);
  }
}

function groupByChunk(names: readonly NamedKey[]): Request[] {
  const groups = new Map<string, Request>();
  for (const { chunk, part } of names) {
    const group = groups.get(chunk.id);
    if (group === undefined) groups.set(chunk.id, { key: chunk, parts: new Set([part]) });
    else group.parts.add(part);
  }
  return [...groups.values()];
}
