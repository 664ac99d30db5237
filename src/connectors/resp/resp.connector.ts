import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { remoteProtocol, remoteUnsupported } from '../connector-errors.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { type IntakePlace } from '../intake/value-intake.js';
import { LateWrites } from '../late-writes.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { expectNoError, respError } from '../resp-client/resp-errors.js';
import { type RespPool } from '../resp-client/resp-pool.js';
import { encodeCommand, encodeSet } from '../resp-client/resp-request.js';
import { RawRead } from './raw-read.js';

export interface RespConnectorOptions {
  /** What errors call the store. */
  readonly label: string;
  readonly place: IntakePlace;
  readonly openPool: () => RespPool;
}

/** A key that no chunk has. */
const PING_KEY = 'kvnest:ping';

const CAPABILITIES: ConnectorCapabilities = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: false,
  remove: true,
  ttl: false,
  metadata: 'none',
  checksum: false,
  maxValueBytes: 512 * 2 ** 20,
  maxKeyBytes: 1024 * 1024,
};

/** The bytes of a chunk under its key, as LMCache's native clients have them. Sends GET, SET, EXISTS and DEL only. */
export class RespConnector extends LoopingConnector {
  readonly capabilities = CAPABILITIES;
  readonly #options: RespConnectorOptions;
  readonly #lifecycle: ConnectorLifecycle;
  readonly #late: LateWrites;
  #pool: RespPool;

  constructor(options: RespConnectorOptions) {
    super();
    this.#options = options;
    this.#late = new LateWrites(options.label);
    this.#pool = options.openPool();
    this.#lifecycle = new ConnectorLifecycle({
      label: options.label,
      open: (call) => this.#open(call),
      shut: () => {
        this.#pool.close();
        return Promise.resolve();
      },
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

  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    const [found = false] = await this.existsMany([key], options);
    return found;
  }

  override existsMany(keys: readonly ChunkKey[], options?: ExistsOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(async () => {
      if (options?.withMetadata === true) return keys.map(() => false);
      return this.#askEach('EXISTS', keys, options);
    });
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#lifecycle.run(async () => {
      using read = new RawRead(this.#options.place, key);
      const request = [encodeCommand('GET', formatStoreKey(key))];
      const [reply = null] = await this.#pool.lease(
        (connection) =>
          connection.call(request, {
            signal: options?.signal,
            onBody: (lengthBytes) => read.open(lengthBytes),
          }),
        options?.signal,
      );
      expectNoError(this.#options.label, [reply]);
      return read.finish(reply);
    });
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#lifecycle.run(async () => {
      await this.#late.settled([chunk.key], options?.signal);
      if (chunk.lengthBytes > CAPABILITIES.maxValueBytes) return this.#refuse(chunk, 'rejected', options);
      const request = encodeSet(formatStoreKey(chunk.key), chunk.views);
      const [reply] = await this.#pool.lease((connection) => {
        const sent = connection.call(request, { signal: options?.signal, isLong: true });
        return this.#late.watch(chunk.key, sent, connection.closed);
      }, options?.signal);
      if (reply === 'OK') return 'stored';
      if (reply instanceof RespErrorReply && reply.code === 'OOM')
        return this.#refuse(chunk, 'busy', options);
      await this.#refuse(chunk, 'rejected', options);
      if (reply instanceof RespErrorReply) throw respError(this.#options.label, reply);
      throw remoteProtocol(this.#options.label, 'it answers SET with something else than OK');
    });
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const [removed = false] = await this.removeMany([key], options);
    return removed;
  }

  override removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(async () => {
      await this.#late.settled(keys, options?.signal);
      return this.#askEach('DEL', keys, options);
    });
  }

  list(): Promise<ListPage> {
    return this.#lifecycle.run(() => Promise.reject(remoteUnsupported(this.#options.label, 'list')));
  }

  async #open(options: CallOptions | undefined): Promise<void> {
    this.#pool = this.#options.openPool();
    try {
      await this.#ping(options);
    } catch (error) {
      this.#pool.close();
      throw error;
    }
  }

  /** EXISTS stands for PING, which is none of the four commands. */
  async #ping(options: CallOptions | undefined): Promise<void> {
    await this.#ask([encodeCommand('EXISTS', PING_KEY)], options);
  }

  /** A command for each key, all in one flight. */
  async #askEach(
    command: 'EXISTS' | 'DEL',
    keys: readonly ChunkKey[],
    options: CallOptions | undefined,
  ): Promise<readonly boolean[]> {
    const requests = keys.map((key) => encodeCommand(command, formatStoreKey(key)));
    const replies = await this.#ask(requests, options);
    return replies.map((reply) => reply === 1);
  }

  async #ask(requests: readonly Buffer[], options: CallOptions | undefined): Promise<readonly RespValue[]> {
    if (requests.length === 0) return [];
    const call = { replies: requests.length, signal: options?.signal };
    const replies = await this.#pool.ask([Buffer.concat(requests)], call);
    expectNoError(this.#options.label, replies);
    return replies;
  }

  /** No older value of the key is left. */
  async #refuse(
    { key }: ArenaHandle,
    outcome: SendOutcome,
    options: CallOptions | undefined,
  ): Promise<SendOutcome> {
    await this.#askEach('DEL', [key], options);
    return outcome;
  }
}
