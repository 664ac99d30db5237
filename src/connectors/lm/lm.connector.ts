import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { isCacheEngineKey, isLmKey, MAX_LM_KEY_BYTES } from '../../protocols/lm/lm-key.js';
import { encodeLmRequest, LM_CODES, LM_COMMANDS, type LmReply } from '../../protocols/lm/lm-message.js';
import { readableMetadata } from '../../protocols/lm/readable-chunk.js';
import {
  binaryMetadata,
  encodeRemoteMetadata,
  parseRemoteMetadata,
  type RemoteMetadata,
} from '../../protocols/remote-metadata/remote-metadata.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { remoteFailed, remoteUnsupported } from '../connector-errors.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { type IntakePlace, ValueIntake } from '../intake/value-intake.js';
import { LateWrites } from '../late-writes.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { type LmConnection } from './lm-connection.js';
import { type LmPool, type LmPoolOptions, openLmPool } from './lm-pool.js';
import { UnfinishedPuts } from './unfinished-puts.js';

const MAX_VALUE_BYTES = 0x7fffffff;
const PUT_PATIENCE_MS = 5_000;
/** A key that every server can read and nobody uses: the server looks at it before it knows the command. */
const NOBODYS_KEY = 'kvnest@1@0@0@half';

const CAPABILITIES: ConnectorCapabilities = {
  persistent: false,
  shared: true,
  retains: true,
  batch: false,
  list: false,
  remove: false,
  ttl: false,
  metadata: 'lmcache',
  checksum: false,
  maxValueBytes: MAX_VALUE_BYTES,
  maxKeyBytes: MAX_LM_KEY_BYTES,
};

export interface LmConnectorOptions extends LmPoolOptions {
  readonly place: IntakePlace;
  /** The server takes keys of any form, not only those that LMCache's can read. */
  readonly anyKey: boolean;
  /** How long a put goes on when nobody waits for it any more. Default 5 s. */
  readonly putPatienceMs?: number;
}

/** Chunks in a server of LMCache's `lm://`. */
export class LmConnector extends LoopingConnector {
  readonly capabilities = CAPABILITIES;
  readonly #options: LmConnectorOptions;
  readonly #lifecycle: ConnectorLifecycle;
  readonly #unfinished: UnfinishedPuts;
  readonly #late: LateWrites;
  #pool: LmPool;

  constructor(options: LmConnectorOptions) {
    super();
    this.#options = options;
    this.#pool = openLmPool(options);
    this.#unfinished = new UnfinishedPuts(options.putPatienceMs ?? PUT_PATIENCE_MS);
    this.#late = new LateWrites(options.label);
    this.#lifecycle = new ConnectorLifecycle({
      label: options.label,
      open: (call) => this.#open(call),
      shut: () => this.#shut(),
    });
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#lifecycle.run(() => this.#ping(options));
  }

  /** Every chunk there has metadata: the protocol knows no other. */
  exists(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.#lifecycle.run(async () => {
      const name = this.#nameOf(key);
      if (name === undefined) return false;
      const reply = await this.#ask(encodeLmRequest(LM_COMMANDS.EXIST, name), options);
      return reply.code === LM_CODES.SUCCESS;
    });
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#lifecycle.run(async () => {
      const name = this.#nameOf(key);
      if (name === undefined) return 'miss';
      return this.#pool.lease((connection) => this.#fetch(connection, key, name, options), options?.signal);
    });
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#lifecycle.run(async () => {
      const name = this.#nameOf(chunk.key);
      if (name === undefined) return 'rejected';
      await this.#late.settled([chunk.key], options?.signal);
      const metadata = metadataOf(chunk);
      if (metadata === undefined || chunk.lengthBytes > MAX_VALUE_BYTES) return this.#reject(name, options);
      const header = encodeLmRequest(LM_COMMANDS.PUT, name, metadata);
      // A put has no answer of its own: the question behind it is answered when it is done.
      const question = encodeLmRequest(LM_COMMANDS.EXIST, name);
      const reply = await this.#send(chunk, [header, ...chunk.views, question], options?.signal);
      return reply.code === LM_CODES.SUCCESS ? 'stored' : 'busy';
    });
  }

  remove(): Promise<boolean> {
    return this.#lifecycle.run(() => Promise.reject(remoteUnsupported(this.#options.label, 'remove')));
  }

  list(): Promise<ListPage> {
    return this.#lifecycle.run(() => Promise.reject(remoteUnsupported(this.#options.label, 'list')));
  }

  async #open(options?: CallOptions): Promise<void> {
    this.#pool = openLmPool(this.#options);
    try {
      await this.#ping(options);
    } catch (error) {
      this.#pool.close();
      throw error;
    }
  }

  async #ping(options: CallOptions | undefined): Promise<void> {
    const reply = await this.#ask(encodeLmRequest(LM_COMMANDS.HEALTH, NOBODYS_KEY), options);
    if (reply.code === LM_CODES.SUCCESS) return;
    throw remoteFailed(this.#options.label, 'it says that it is not healthy', { retryable: true });
  }

  async #shut(): Promise<void> {
    this.#pool.close();
    await this.#unfinished.settled();
  }

  #ask(request: Buffer, options: CallOptions = {}): Promise<LmReply> {
    return this.#pool.lease((connection) => connection.call([request], options), options.signal);
  }

  async #fetch(
    connection: LmConnection,
    key: ChunkKey,
    name: string,
    options: CallOptions = {},
  ): Promise<FetchOutcome> {
    let open: ValueIntake | undefined;
    const take = (metadata: RemoteMetadata): ValueIntake => {
      const { lengthBytes } = metadata;
      open = new ValueIntake(this.#options.place, {
        key,
        lengthBytes,
        metadata: encodeRemoteMetadata(metadata),
      });
      return open;
    };
    try {
      const request = encodeLmRequest(LM_COMMANDS.GET, name);
      const reply = await connection.call([request], { ...options, take });
      if (reply.code === LM_CODES.FAIL) return 'miss';
      return (open ?? take(reply.metadata)).finish();
    } finally {
      open?.[Symbol.dispose]();
    }
  }

  /** The chunk stays in memory until it is sent, whether or not its caller waits for that. */
  #send(chunk: ArenaHandle, request: readonly Uint8Array[], signal?: AbortSignal): Promise<LmReply> {
    const kept = chunk.retain();
    const ended = Promise.withResolvers<unknown>();
    const sent = this.#unfinished.run(this.#options.label, signal, async (late) => {
      let closed: Promise<void> | undefined;
      try {
        return await this.#pool.lease(async (connection) => {
          const reply = connection.call(request, { signal: late, isPut: true });
          ({ closed } = connection);
          return reply;
        }, signal);
      } catch (error) {
        ended.resolve(closed);
        throw error;
      } finally {
        ended.resolve(undefined);
        kept[Symbol.dispose]();
      }
    });
    return this.#late.watch(chunk.key, sent, ended.promise);
  }

  /**
   * No older chunk may stay under a key that was put, and none can be removed here.
   *
   * @throws KV_REMOTE_UNSUPPORTED when there is one.
   */
  async #reject(name: string, options: CallOptions | undefined): Promise<SendOutcome> {
    const reply = await this.#ask(encodeLmRequest(LM_COMMANDS.EXIST, name), options);
    if (reply.code !== LM_CODES.SUCCESS) return 'rejected';
    throw remoteUnsupported(this.#options.label, 'remove');
  }

  /** @returns undefined for a key that the server would not give back as it is, or not read at all. */
  #nameOf(key: ChunkKey): string | undefined {
    const name = formatStoreKey(key);
    return isLmKey(name) && (this.#options.anyKey || isCacheEngineKey(name)) ? name : undefined;
  }
}

/** @returns undefined where the header has no room for it: LMCache would read the chunk in another shape. */
function metadataOf({ metadata, lengthBytes }: ArenaHandle): RemoteMetadata | undefined {
  if ((parseRemoteMetadata(metadata)?.groups.length ?? 1) > 1) return undefined;
  return readableMetadata(metadata, lengthBytes) ?? binaryMetadata(lengthBytes);
}
