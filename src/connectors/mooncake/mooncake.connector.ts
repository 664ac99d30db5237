import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { remoteUnsupported } from '../connector-errors.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { LateWrites } from '../late-writes.js';
import { RecentNames } from '../recent-names.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsManyOptions,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { UnfinishedCalls } from '../unfinished-calls.js';
import { type MooncakeLayout } from './layouts/mooncake-layout.interface.js';
import { type MooncakeEngine, type ObjectToStore } from './mooncake-engine.interface.js';

/** The master takes longer ones; no key has such a name. */
const MAX_NAME_BYTES = 64 * 1024;
const NOBODYS_NAME = 'kvnest:ping';
/** Damaged chunks that are remembered, to be replaced by the next put. */
const MAX_DAMAGED = 4_096;

export interface MooncakeConnectorOptions {
  /** What errors call the store. */
  readonly label: string;
  /** What speaks to the store. It belongs to the connector. */
  readonly engine: MooncakeEngine;
  readonly layout: MooncakeLayout;
  /** Header included. */
  readonly maxValueBytes: number;
  /** How long closing waits for puts that are on their way. */
  readonly drainTimeoutMs: number;
}

type Signal = AbortSignal | undefined;

/** A chunk that is to be put, with its place among the answers. */
interface ChunkToPut extends ObjectToStore {
  readonly at: number;
}

/** Chunks in the memory of a Mooncake Store. */
export class MooncakeConnector implements RemoteConnector {
  readonly capabilities: ConnectorCapabilities;
  readonly #options: MooncakeConnectorOptions;
  readonly #layout: MooncakeLayout;
  readonly #engine: MooncakeEngine;
  readonly #lifecycle: ConnectorLifecycle;
  readonly #unfinished: UnfinishedCalls;
  readonly #late: LateWrites;
  readonly #damaged = new RecentNames(MAX_DAMAGED);

  constructor(options: MooncakeConnectorOptions) {
    const { label, layout, maxValueBytes } = options;
    this.#options = options;
    this.#layout = layout;
    this.#engine = options.engine;
    this.#unfinished = new UnfinishedCalls(label);
    this.#late = new LateWrites(label);
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: (call) => this.#engine.connect(call?.signal),
      shut: () => this.#shut(),
    });
    this.capabilities = {
      persistent: false,
      shared: true,
      retains: true,
      batch: true,
      list: false,
      remove: true,
      ttl: false,
      ...layout.capabilities,
      maxValueBytes: maxValueBytes - layout.maxHeaderBytes,
      maxKeyBytes: MAX_NAME_BYTES,
    };
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  /** Waits for puts whose callers gave up. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Whether the master answers: it knows of each segment whether its owner lives. */
  ping(options?: CallOptions): Promise<void> {
    return this.#lifecycle.run(async () => {
      await this.#engine.existMany([NOBODYS_NAME], options?.signal);
    });
  }

  describe(options?: CallOptions): Promise<string> {
    return this.#lifecycle.run(async () => {
      await this.#engine.connect(options?.signal);
      return this.#engine.describe();
    });
  }

  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    const [isThere = false] = await this.existsMany([key], options);
    return isThere;
  }

  /** In one round trip, except for whether chunks have metadata where only they themselves know. */
  existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(async () => {
      if (keys.length === 0) return [];
      const names = keys.map((key) => this.#layout.nameOf(key));
      const { metadataPeekBytes, capabilities } = this.#layout;
      const isCounted = options?.withMetadata !== true || capabilities.metadata === 'lmcache';
      if (isCounted) return this.#engine.existMany(names, options?.signal);
      if (capabilities.metadata === 'none') return names.map(() => false);
      const starts = await this.#engine.peekMany(names, metadataPeekBytes, options.signal);
      return starts.map((start) => start !== undefined && this.#layout.hasMetadata(start.bytes));
    });
  }

  async get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    const [outcome = 'miss'] = await this.getMany([key], options);
    return outcome;
  }

  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    return this.#lifecycle.run(async () => {
      if (keys.length === 0) return [];
      const objects = keys.map((key) => ({
        name: this.#layout.nameOf(key),
        take: (lengthBytes: number) => this.#layout.take(key, lengthBytes),
      }));
      const outcomes = await this.#engine.fetchMany(objects, options?.signal);
      for (const [i, { name }] of objects.entries()) if (outcomes[i] === 'corrupt') this.#damaged.add(name);
      return outcomes;
    });
  }

  async put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    const [outcome = 'rejected'] = await this.putMany([chunk], options);
    return outcome;
  }

  /** What was begun goes on to its end, also when its caller gives up. */
  putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    return this.#lifecycle.run(async () => {
      const keys = chunks.map(({ key }) => key);
      await this.#late.settled(keys, options?.signal);
      let putting: Promise<readonly SendOutcome[]> | undefined;
      // Until the last byte is sent, whether or not somebody waits for that.
      const kept = chunks.map((chunk) => chunk.retain());
      const awaited = this.#unfinished.run(
        options?.signal,
        () => (putting = this.#putAll(kept, options?.signal)),
      );
      const ended = Promise.allSettled([putting]).then(() => {
        for (const chunk of kept) chunk[Symbol.dispose]();
      });
      return this.#late.watchAll(keys, awaited, ended);
    });
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const [wasThere = false] = await this.removeMany([key], options);
    return wasThere;
  }

  /** Also what others may be reading: leases are for eviction. */
  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(async () => {
      await this.#late.settled(keys, options?.signal);
      if (keys.length === 0) return [];
      const names = keys.map((key) => this.#layout.nameOf(key));
      let removing: Promise<readonly boolean[]> | undefined;
      const awaited = this.#unfinished.run(
        options?.signal,
        () => (removing = this.#engine.removeMany(names)),
      );
      return this.#late.watchAll(keys, awaited, Promise.allSettled([removing]));
    });
  }

  list(): Promise<ListPage> {
    return this.#lifecycle.run(() => Promise.reject(remoteUnsupported(this.#options.label, 'list')));
  }

  async #shut(): Promise<void> {
    await this.#unfinished.settled(this.#options.drainTimeoutMs);
    await this.#engine.close();
  }

  async #putAll(chunks: readonly ArenaHandle[], signal: Signal): Promise<readonly SendOutcome[]> {
    const objects: ChunkToPut[] = [];
    const unwritable: string[] = [];
    for (const [at, chunk] of chunks.entries()) {
      const name = this.#layout.nameOf(chunk.key);
      const encoded =
        chunk.lengthBytes <= this.capabilities.maxValueBytes ? this.#layout.encode(chunk) : undefined;
      if (encoded === undefined) unwritable.push(name);
      else {
        const { parts, whenThere } = encoded;
        objects.push({ at, name, parts, whenThere: this.#damaged.delete(name) ? 'replace' : whenThere });
      }
    }
    if (unwritable.length > 0) await this.#engine.removeMany(unwritable);
    const outcomes: SendOutcome[] = chunks.map(() => 'rejected');
    for (const batch of byDifferentNames(objects)) {
      const stored = await this.#engine.putMany(batch, signal);
      for (const [i, { at }] of batch.entries()) outcomes[at] = stored[i] ?? 'busy';
    }
    return outcomes;
  }
}

/** Who comes twice comes in another batch: the later one is to stay. */
function byDifferentNames(objects: readonly ChunkToPut[]): readonly (readonly ChunkToPut[])[] {
  const batches: ChunkToPut[][] = [];
  const seen = new Map<string, number>();
  for (const object of objects) {
    const nth = seen.get(object.name) ?? 0;
    seen.set(object.name, nth + 1);
    (batches[nth] ??= []).push(object);
  }
  return batches;
}
