import { randomBytes } from 'node:crypto';
import { isAbsent, isNotLeading } from '../../../protocols/mooncake/mooncake-codes.js';
import {
  type MemoryReplica,
  type Outcome,
  parseCode,
  parseCodes,
  parseFlags,
  parsePutStartMany,
  parseReplicaLists,
  type ReplicaList,
} from '../../../protocols/mooncake/mooncake-reply.js';
import { type MooncakeRequests, type ObjectToPut } from '../../../protocols/mooncake/mooncake-request.js';
import { type MasterMethod, RPC_ERRORS } from '../../../protocols/mooncake/rpc-frame.js';
import { isKvError } from '../../../common/errors/kv-error.js';
import { unlessDead } from '../../connection-pool/connection-pool.js';
import { openInTime } from '../../connection-pool/open-in-time.js';
import { remoteClosed, remoteFailed, remoteProtocol, remoteUnreachable } from '../../connector-errors.js';
import { untilAborted } from '../../until-aborted.js';
import { MasterConnection } from './master-connection.js';

export interface MooncakeMastersOptions {
  /** What errors call the store. */
  readonly label: string;
  /** One leads; the others say that they do not, or nothing. */
  readonly masters: readonly { readonly host: string; readonly port: number }[];
  readonly tenant: string;
  /** Copies of each object that is put. */
  readonly replicas: number;
  readonly connectTimeoutMs: number;
  readonly masterSilenceMs: number;
}

type Signal = AbortSignal | undefined;

interface Question<T> {
  readonly method: MasterMethod;
  readonly body: (requests: MooncakeRequests) => Buffer;
  readonly parse: (body: Buffer) => T | undefined;
}

/** The master that leads, over one connection. When it is lost the next question looks for the one that leads now. */
export class MooncakeMasters {
  /** Changes with each connection: what was known of places in memory may not hold any more. */
  generation = 0;
  readonly #options: MooncakeMastersOptions;
  readonly #clientId = randomBytes(16);
  #leader = 0;
  #connection: MasterConnection | undefined;
  #opening: Promise<MasterConnection> | undefined;
  readonly #closing = new AbortController();

  constructor(options: MooncakeMastersOptions) {
    this.#options = options;
  }

  async connect(signal: Signal): Promise<void> {
    if (this.#connection?.isOpen !== true) await this.#open(signal);
  }

  /** Which release answers, and where. */
  describe(): string {
    const { masters } = this.#options;
    const { host = '', port = 0 } = masters[this.#leader] ?? {};
    return `Mooncake ${this.#connection?.requests.schema.release ?? ''}, master ${host}:${port}`;
  }

  /** Nothing can be asked afterwards. */
  close(): void {
    this.#closing.abort();
    this.#connection?.destroy(remoteClosed(this.#options.label));
    this.#connection = undefined;
  }

  async existMany(names: readonly string[], signal: Signal): Promise<readonly boolean[]> {
    const method = 'BatchExistKey';
    const outcomes = await this.#askMany(names.length, signal, {
      method,
      body: (requests) => requests.existMany(names),
      parse: parseFlags,
    });
    return outcomes.map((outcome) => {
      if (typeof outcome === 'boolean') return outcome;
      if (isAbsent(outcome.code)) return false;
      throw this.failed(method, outcome.code);
    });
  }

  /** @returns undefined in the place of what is not there. */
  async replicaLists(
    names: readonly string[],
    signal: Signal,
  ): Promise<readonly (ReplicaList | undefined)[]> {
    const method = 'BatchGetReplicaList';
    const outcomes = await this.#askMany(names.length, signal, {
      method,
      body: (requests) => requests.replicasOfMany(names),
      parse: parseReplicaLists,
    });
    return outcomes.map((outcome) => {
      if (!('code' in outcome)) return outcome;
      if (isAbsent(outcome.code)) return undefined;
      throw this.failed(method, outcome.code);
    });
  }

  putStart(
    objects: readonly ObjectToPut[],
    replicas = this.#options.replicas,
  ): Promise<readonly Outcome<readonly MemoryReplica[]>[]> {
    return this.#askMany(objects.length, undefined, {
      method: 'BatchPutStart',
      body: (requests) => requests.putStartMany(objects, replicas),
      parse: parsePutStartMany,
    });
  }

  /** @returns a code for each. */
  putEnd(names: readonly string[]): Promise<readonly number[]> {
    return this.#askMany(names.length, undefined, {
      method: 'BatchPutEnd',
      body: (requests) => requests.putEndMany(names),
      parse: parseCodes,
    });
  }

  putRevoke(name: string): Promise<number> {
    return this.#ask(undefined, {
      method: 'PutRevoke',
      body: (requests) => requests.putRevoke(name),
      parse: parseCode,
    });
  }

  /** Also those that have a lease. @returns a code for each. */
  removeMany(names: readonly string[], signal: Signal): Promise<readonly number[]> {
    return this.#askMany(names.length, signal, {
      method: 'BatchRemove',
      body: (requests) => requests.removeMany(names, true),
      parse: parseCodes,
    });
  }

  /** What a code means that is no outcome. */
  failed(method: MasterMethod, code: number): Error {
    return remoteFailed(this.#options.label, `its master answers ${method} with ${code}`, {
      retryable: true,
    });
  }

  /** Answers in the order of what was asked. */
  async #askMany<T>(count: number, signal: Signal, question: Question<readonly T[]>): Promise<readonly T[]> {
    const answers = await this.#ask(signal, question);
    if (answers.length === count) return answers;
    throw remoteProtocol(this.#options.label, `${answers.length} answers to ${count} questions`);
  }

  #ask<T>(signal: Signal, question: Question<T>): Promise<T> {
    const ask = (connection: MasterConnection): Promise<T> => this.#askOn(connection, signal, question);
    const current = this.#connection?.isOpen === true ? this.#connection : undefined;
    return unlessDead(current, ask, async () => ask(await this.#open(signal)));
  }

  async #askOn<T>(
    connection: MasterConnection,
    signal: Signal,
    { method, body, parse }: Question<T>,
  ): Promise<T> {
    const { label } = this.#options;
    const reply = await connection.call(method, body(connection.requests), signal);
    if (reply.errorCode !== RPC_ERRORS.NONE)
      throw remoteProtocol(label, `its master answers ${method} with the error ${reply.errorCode}`);
    const answer = parse(reply.body);
    if (answer === undefined) throw remoteProtocol(label, `its master answers ${method} with another type`);
    if (!codesIn(answer).some(isNotLeading)) return answer;
    this.#leader = (this.#leader + 1) % this.#options.masters.length;
    const reason = remoteUnreachable(label, new Error('its master does not lead any more'));
    connection.destroy(reason);
    throw reason;
  }

  /** One attempt for all who wait: it goes on when one of them gives up. */
  #open(signal: Signal): Promise<MasterConnection> {
    this.#opening ??= this.#openAny(this.#closing.signal).finally(() => (this.#opening = undefined));
    return untilAborted(this.#options.label, signal, this.#opening, () => undefined);
  }

  async #openAny(closing: AbortSignal): Promise<MasterConnection> {
    const { masters, label } = this.#options;
    let failure: unknown;
    for (let i = 0; i < masters.length && !closing.aborted; i++) {
      const at = (this.#leader + i) % masters.length;
      try {
        const connection = await this.#openOne(at, closing);
        this.#leader = at;
        this.#connection = connection;
        this.generation++;
        return connection;
      } catch (error) {
        // What an operator has to mend says more than that another master is away.
        if (failure === undefined || (isKvError(error) && !error.retryable)) failure = error;
      }
    }
    throw closing.aborted ? remoteClosed(label) : failure;
  }

  #openOne(at: number, closing: AbortSignal): Promise<MasterConnection> {
    const { masters, label, tenant, connectTimeoutMs, masterSilenceMs: silenceMs } = this.#options;
    const { host, port } = masters[at] as { readonly host: string; readonly port: number };
    const named = masters.length === 1 ? label : `${label}: the master ${host}:${port}`;
    const caller = { clientId: this.#clientId, tenant };
    const connection = new MasterConnection({ host, port, label: named, caller, silenceMs });
    return openInTime(connection, (opened) => opened.ready(), { label: named, connectTimeoutMs }, closing);
  }
}

function codesIn(answer: unknown): readonly number[] {
  const items: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
  return items.flatMap((item) => {
    if (typeof item === 'number') return [item];
    return typeof item === 'object' && item !== null && 'code' in item ? [item.code as number] : [];
  });
}
