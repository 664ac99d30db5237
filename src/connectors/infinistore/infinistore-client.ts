import { INFINISTORE_CODES, type InfinistoreReply } from '../../protocols/infinistore/infinistore-reply.js';
import {
  encodeExists,
  encodeGet,
  encodeMatchLastIndex,
  encodePut,
  encodeRemove,
} from '../../protocols/infinistore/infinistore-request.js';
import { canAcknowledgeNow } from '../../arena/native/acknowledge-now.js';
import { ConnectionPool } from '../connection-pool/connection-pool.js';
import { openInTime } from '../connection-pool/open-in-time.js';
import { remoteFailed } from '../connector-errors.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { type FetchOutcome } from '../remote-connector.interface.js';
import {
  type InfinistoreAddress,
  InfinistoreConnection,
  type ValueTarget,
} from './infinistore-connection.js';

export interface InfinistoreClientOptions extends InfinistoreAddress {
  /** For values, and as many for questions. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

export interface PutSignals {
  /** Ends the wait for a connection. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the put itself. */
  readonly cut?: AbortSignal | undefined;
}

type Signal = AbortSignal | undefined;
type Pool = ConnectionPool<InfinistoreConnection>;

/** A key that nobody has. */
export const NOBODYS_KEY = 'kvnest:nobody';
/** The head and eight pieces: of a value that is no longer the server knows in time that it is sent. */
const QUICK_BYTES = 8 * 256 * 1024;
/** Shorter than any chunk. */
export const HEALING_BYTES = 1;
/** Below this another connection does not pay. */
const KEYS_A_LANE = 4;
/** Longer than a pointer: what is longer is none. */
const SMALL_BYTES = 1024;

/** The requests that InfiniStore knows, each on a connection that nobody else uses meanwhile, and each made once. */
export class InfinistoreClient {
  readonly #label: string;
  readonly #connections: number;
  readonly #values: Pool;
  /** Small requests do not wait behind values. */
  readonly #questions: Pool;
  readonly #pointers: Pool;
  readonly #healing: Pool;
  /** Of connections on which a long value was read, each until the server is done with it. */
  readonly #rests = new Set<Promise<void>>();

  constructor(options: InfinistoreClientOptions) {
    this.#label = options.label;
    this.#connections = options.connections;
    this.#values = openPool(options);
    this.#questions = openPool(options);
    this.#pointers = openPool(options, !canAcknowledgeNow());
    this.#healing = openPool(options, true);
  }

  async exists(key: string, signal: Signal): Promise<boolean> {
    return (await this.#ask(encodeExists(key), signal)) === 0;
  }

  /**
   * Many, over all connections for questions.
   *
   * @param upToGap all behind the first that is not there may be false.
   */
  async existsMany(keys: readonly string[], upToGap: boolean, signal: Signal): Promise<readonly boolean[]> {
    const found = keys.map(() => false);
    const waiting = [...keys.keys()].reverse();
    let gap = keys.length;
    const ask = async (connection: InfinistoreConnection): Promise<void> => {
      for (let i = waiting.pop(); i !== undefined && i < gap; i = waiting.pop()) {
        try {
          found[i] = (await this.#number(connection, encodeExists(keys[i] as string))) === 0;
        } catch (error) {
          waiting.push(i);
          throw error;
        }
        if (signal?.aborted === true) return;
        if (upToGap && !found[i]) gap = Math.min(gap, i);
      }
    };
    const lanes = Math.min(this.#connections, Math.ceil(keys.length / KEYS_A_LANE));
    const asked = Array.from({ length: lanes }, () => this.#questions.lease(ask, signal));
    // Until the last answer is here, also when another question failed.
    for (const lane of await Promise.allSettled(asked)) if (lane.status === 'rejected') throw lane.reason;
    return found;
  }

  /** @returns an index behind which the next key is not there; keys up to it may be missing, too. */
  matchLastIndex(keys: readonly string[], signal: Signal): Promise<number> {
    return this.#ask(encodeMatchLastIndex(keys), signal);
  }

  /** @returns how many were there. */
  remove(keys: readonly string[], signal: Signal): Promise<number> {
    return this.#ask(encodeRemove(keys), signal);
  }

  /**
   * @param onBegin nothing was sent before it is called.
   * @returns false when the server has no room.
   */
  async put(
    key: string,
    value: readonly Uint8Array[],
    { signal, cut }: PutSignals,
    onBegin: () => void,
  ): Promise<boolean> {
    const lengthBytes = value.reduce((sum, { length }) => sum + length, 0);
    const request = [encodePut(key, lengthBytes), ...value];
    return this.#put(this.#values, request, { signal, cut }, onBegin);
  }

  /** The server reads it in one piece, so nobody meets half of it. */
  async putSmall(key: string, value: Uint8Array, signal: Signal, onBegin: () => void): Promise<boolean> {
    const request = [Buffer.concat([encodePut(key, value.length), value])];
    return this.#put(this.#questions, request, { signal }, onBegin);
  }

  /**
   * The answer is there before the connection may be used again.
   *
   * @param unwanted when it aborts the value is read all the same, and `miss` is the answer.
   */
  get(key: string, take: (lengthBytes: number) => ChunkIntake, unwanted: Signal): Promise<FetchOutcome> {
    const request = [encodeGet(key)];
    const { promise, resolve, reject } = Promise.withResolvers<FetchOutcome>();
    const leased = this.#values.lease(async (connection) => {
      let intake: ChunkIntake | undefined;
      let lengthBytes = 0;
      try {
        const reply = await connection.call(request, {
          kind: 'value',
          take: (bytes) => {
            lengthBytes = bytes;
            return (intake = take(bytes));
          },
          unwanted,
        });
        lengthBytes = reply.number;
        const isWanted = this.#isThere(reply) && unwanted?.aborted !== true;
        resolve(isWanted ? (intake?.finish() ?? 'miss') : 'miss');
      } finally {
        intake?.[Symbol.dispose]();
        if (lengthBytes > QUICK_BYTES) await this.#rest();
      }
    }, unwanted);
    leased.catch(reject);
    return promise;
  }

  /**
   * A short value. The server writes its length and its bytes one after the other, and Nagle's algorithm keeps the bytes
   * back until the length is acknowledged. That takes Linux 40 ms, unless it is asked for it, which takes the addon, or
   * nothing was received on the connection before: so without the addon each value has a connection of its own.
   *
   * @returns undefined when there is none, and nothing of a value that is not short.
   */
  getSmall(key: string, signal: Signal): Promise<Buffer | undefined> {
    const request = [encodeGet(key)];
    return this.#pointers.lease(async (connection) => {
      let bytes: Buffer = Buffer.alloc(0);
      const take = (lengthBytes: number): ValueTarget | undefined => {
        if (lengthBytes > SMALL_BYTES) return undefined;
        bytes = Buffer.alloc(lengthBytes);
        return into(bytes);
      };
      const reply = await connection.call(request, { kind: 'value', take });
      if (reply.number > QUICK_BYTES) await this.#rest();
      return this.#isThere(reply) ? bytes : undefined;
    }, signal);
  }

  /**
   * Puts one whole byte under a key whose put was cut off, and removes it. The connection is opened now, so that the
   * server comes to it when it has read what it was sent on the one that was cut.
   *
   * @returns false when the server has no room.
   */
  heal(key: string): Promise<boolean> {
    const put = [encodePut(key, HEALING_BYTES), Buffer.alloc(HEALING_BYTES)];
    return this.#healing.lease(async (connection) => {
      if (!this.#isStored(await connection.call(put, { kind: 'code' }))) return false;
      await this.#number(connection, encodeRemove([key]));
      return true;
    });
  }

  /** Settles when the server is done with every value that it has sent. */
  async done(): Promise<void> {
    await Promise.all(this.#rests);
  }

  close(): void {
    for (const pool of [this.#values, this.#questions, this.#pointers, this.#healing]) pool.close();
  }

  #ask(request: Buffer, signal: Signal): Promise<number> {
    return this.#questions.lease((connection) => this.#number(connection, request), signal);
  }

  async #number(connection: InfinistoreConnection, request: Buffer): Promise<number> {
    const { code, number } = await connection.call([request], { kind: 'number' });
    if (code !== INFINISTORE_CODES.FINISHED) throw this.#failed(code);
    return number;
  }

  async #put(
    pool: Pool,
    request: readonly Uint8Array[],
    { signal, cut }: PutSignals,
    onBegin: () => void,
  ): Promise<boolean> {
    const reply = await pool.lease((connection) => {
      onBegin();
      return connection.call(request, { kind: 'code', cut });
    }, signal);
    return this.#isStored(reply);
  }

  /**
   * The server sends a value in pieces of 256 KiB, and after the last one it may look for requests once more before it
   * knows that it is done: what comes then on that connection makes it loop for ever, and the end of it makes it abort.
   * When it has answered a question that was asked on another connection since, it knows. (After a poll its loop runs the
   * callbacks of writes eight times, then looks for requests: only from the tenth write on can the last one be between.)
   */
  #rest(): Promise<void> {
    const question = encodeExists(NOBODYS_KEY);
    const rest = this.#ask(question, undefined)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.#rests.delete(rest));
    this.#rests.add(rest);
    return rest;
  }

  #isStored({ code }: InfinistoreReply): boolean {
    if (code !== INFINISTORE_CODES.FINISHED && code !== INFINISTORE_CODES.NO_ROOM) throw this.#failed(code);
    return code === INFINISTORE_CODES.FINISHED;
  }

  #isThere({ code }: InfinistoreReply): boolean {
    if (code !== INFINISTORE_CODES.FINISHED && code !== INFINISTORE_CODES.NOT_FOUND) throw this.#failed(code);
    return code === INFINISTORE_CODES.FINISHED;
  }

  #failed(code: number): Error {
    return remoteFailed(this.#label, `it answers with the code ${code}`, { retryable: true });
  }
}

function into(bytes: Buffer): ValueTarget {
  let filled = 0;
  return {
    target: (maxBytes) => bytes.subarray(filled, filled + maxBytes),
    advance: (count) => void (filled += count),
    [Symbol.dispose]: () => undefined,
  };
}

function openPool(options: InfinistoreClientOptions, isForOneCall = false): Pool {
  const { label, connections } = options;
  const ready = ({ connected }: InfinistoreConnection): Promise<void> => connected;
  return new ConnectionPool({
    label,
    connections,
    open: (signal) => openInTime(new InfinistoreConnection(options, isForOneCall), ready, options, signal),
  });
}
