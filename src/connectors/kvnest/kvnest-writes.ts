import { type ArenaHandle } from '../../arena/arena.interface.js';
import { HeaderReply } from '../../client/calls/replies.js';
import { type Server } from '../../client/pool/server.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type PutOutcome } from '../../protocols/kvnest-tcp/replies.js';
import { remoteAborted, remoteFailed } from '../connector-errors.js';
import { LateWrites } from '../late-writes.js';
import { type CallOptions, type SendOutcome } from '../remote-connector.interface.js';
import { untilAborted } from '../until-aborted.js';
import { deleteRequest, flagsOf, putOutcome, putRequest } from './kvnest-requests.js';
import { type KvnestServers, type Question } from './kvnest-servers.js';
import { askForKeys, type KeyPart, type NamedKey } from './named-keys.js';
import { wireName } from './wire-name.js';

/** What a server's outcome of a put is to the caller; the others are failures. */
const OUTCOMES: Partial<Record<PutOutcome, SendOutcome>> = {
  stored: 'stored',
  'too-large': 'rejected',
  rejected: 'rejected',
  busy: 'busy',
  draining: 'busy',
};

/** What changes something at the servers. */
export class KvnestWrites {
  readonly #late: LateWrites;

  /** @param label what errors call the store. */
  constructor(
    private readonly servers: KvnestServers,
    private readonly label: string,
  ) {
    this.#late = new LateWrites(label);
  }

  async put(chunk: ArenaHandle, options: CallOptions = {}): Promise<SendOutcome> {
    const { key } = chunk;
    const name = wireName(key);
    if (name === undefined) return 'rejected';
    await this.#late.settled([key], options.signal);
    const server = this.servers.cluster.serverOf(name);
    const outcome = await this.#send(server, { key, name }, chunk, options);
    if (outcome === 'stored') return outcome;
    await this.#remove({ server, namespace: key.namespace, keys: [{ key, name }] }, options);
    const said = OUTCOMES[outcome];
    if (said !== undefined) return said;
    throw remoteFailed(this.label, `it could not keep a chunk: ${outcome}`, { retryable: true });
  }

  async remove(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    await this.#late.settled(keys, options?.signal);
    return askForKeys(this.servers.cluster, keys, false, (part) => this.#remove(part, options));
  }

  async #send(
    server: Server,
    named: NamedKey,
    chunk: ArenaHandle,
    { signal }: CallOptions,
  ): Promise<PutOutcome> {
    const maxBytes = server.hello?.limits.valueBytes ?? Infinity;
    // What the server would only read and drop is not sent.
    if (chunk.lengthBytes > maxBytes) return 'too-large';
    const request = putRequest(named, chunk);
    return this.#change([named.key], { server, kind: 'bulk', request, signal }, putOutcome);
  }

  #remove(part: KeyPart, { signal }: CallOptions = {}): Promise<readonly boolean[]> {
    const keys = part.keys.map(({ key }) => key);
    const request = deleteRequest(part);
    return this.#change(keys, { server: part.server, kind: 'control', request, signal }, flagsOf(part));
  }

  /**
   * One that is taken back before it is sent to its end never takes effect. What the server has goes on: later changes of the
   * same keys wait for its answer.
   */
  #change<T>(
    keys: readonly ChunkKey[],
    { signal, ...question }: Question,
    decode: (header: Buffer) => T,
  ): Promise<T> {
    const { label } = this;
    if (signal?.aborted === true) return Promise.reject(remoteAborted(label));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (error: unknown): void => reject(this.servers.errorOf(question.server, error));
    const call = this.servers.start(question, new HeaderReply({ resolve, reject: fail }, decode));
    const giveUpUnsent = (): void => {
      if (call.attempts === 0 || call.isSending) call.giveUp(remoteAborted(label));
    };
    signal?.addEventListener('abort', giveUpUnsent);
    const answer = promise.finally(() => signal?.removeEventListener('abort', giveUpUnsent));
    const awaited = untilAborted(label, signal, answer, () => undefined);
    return this.#late.watchAll(keys, awaited, answer);
  }
}
