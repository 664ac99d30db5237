import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { remoteAborted } from '../../src/connectors/connector-errors.js';
import { LoopingConnector } from '../../src/connectors/looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../../src/connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';

/** Which calls a fault concerns: `get key`. */
type Fault = (call: string) => boolean;

const ALL: Fault = () => true;
const NONE: Fault = () => false;

/**
 * A connector that passes calls on to another one, and of which a test says when it hangs, waits or fails. A fake,
 * because no real store fails at a chosen moment.
 */
export class UnreliableConnector extends LoopingConnector {
  /** Every call, as `get key`. */
  readonly calls: string[] = [];
  readonly capabilities: ConnectorCapabilities;
  #fails: Fault = NONE;
  #hangs: Fault = NONE;
  #answersLate: Fault = NONE;
  #error = new Error('not said');
  #held: (() => void)[] = [];

  constructor(
    private readonly target: RemoteConnector,
    capabilities: Partial<ConnectorCapabilities> = {},
  ) {
    super();
    this.capabilities = { ...target.capabilities, ...capabilities };
  }

  /** From now on these calls end with this error. */
  fail(error: Error, which: Fault = ALL): void {
    this.#error = error;
    this.#fails = which;
  }

  /** From now on nothing is heard of these calls, until they are taken back or the connector recovers. */
  hang(which: Fault = ALL): void {
    this.#hangs = which;
  }

  /** From now on the store does what these calls say, puts and removals, but nothing is heard until it recovers. */
  answerLate(which: Fault): void {
    this.#answersLate = which;
  }

  /** From now on calls go through, those that hang, too. */
  recover(): void {
    this.#fails = this.#hangs = this.#answersLate = NONE;
    for (const go of this.#held.splice(0)) go();
  }

  /** How many calls of this operation there were. */
  count(operation: string): number {
    return this.calls.filter((call) => call.startsWith(operation)).length;
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#pass('connect', options, () => this.target.connect(options));
  }

  close(): Promise<void> {
    return this.target.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#pass('ping', options, () => this.target.ping(options));
  }

  exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    return this.#pass(`exists ${String(key)}`, options, () => this.target.exists(key, options));
  }

  override existsMany(keys: readonly ChunkKey[], options?: ExistsOptions): Promise<readonly boolean[]> {
    const call = `existsMany ${keys.length}`;
    return this.#pass(call, options, () => this.target.existsMany(keys, options));
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#pass(`get ${String(key)}`, options, () => this.target.get(key, options));
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#pass(`put ${String(chunk.key)}`, options, () => this.target.put(chunk, options));
  }

  remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.#pass(`remove ${String(key)}`, options, () => this.target.remove(key, options));
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    return this.#pass('list', options, () => this.target.list(cursor, count, options));
  }

  async #pass<T>(call: string, options: CallOptions | undefined, pass: () => Promise<T>): Promise<T> {
    this.calls.push(call);
    if (this.#fails(call)) throw this.#error;
    if (this.#hangs(call)) await this.#hold(options?.signal);
    if (!this.#answersLate(call)) return pass();
    const answer = await pass();
    await this.#hold(options?.signal);
    return answer;
  }

  #hold(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.push(resolve);
      signal?.addEventListener('abort', () => reject(remoteAborted('the store')), { once: true });
    });
  }
}
