import { HeaderReply } from '../../client/calls/replies.js';
import { Cluster } from '../../client/cluster/cluster.js';
import { type ClientSettings } from '../../client/options/client-settings.js';
import { type CallKind, type Server } from '../../client/pool/server.js';
import { type Call, type ReplyTaker } from '../../client/wire/call.js';
import { type ServerHello } from '../../client/wire/hello.js';
import { type WireRequest } from '../../client/wire/request.js';
import { isKvError, type KvError } from '../../common/errors/kv-error.js';
import { remoteAborted, remoteClosed } from '../connector-errors.js';
import { kvnestError } from './kvnest-errors.js';

/** What a request is about. */
export interface Question {
  readonly server: Server;
  readonly kind: CallKind;
  readonly request: WireRequest;
  readonly signal?: AbortSignal | undefined;
}

/** The two ends of a promise. */
interface Settler<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

const NO_TIMEOUT = 0;

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** The servers of a URL, with the connections to them, while the connector is open. */
export class KvnestServers {
  #cluster: Cluster | undefined;

  /** @param label what errors call them. */
  constructor(
    private readonly label: string,
    private readonly settings: ClientSettings,
  ) {}

  /** @throws KV_REMOTE_CLOSED */
  get cluster(): Cluster {
    if (this.#cluster === undefined) throw remoteClosed(this.label);
    return this.#cluster;
  }

  /**
   * Reaches at least one of them, and none that refuses us.
   * @throws as `connect` of a connector.
   */
  async open(signal: AbortSignal | undefined): Promise<void> {
    if (isAborted(signal)) throw remoteAborted(this.label);
    const cluster = new Cluster(this.settings);
    const onAbort = (): void => void cluster.close();
    signal?.addEventListener('abort', onAbort);
    try {
      await this.#reach(cluster);
      this.#cluster = cluster;
    } catch (error) {
      await cluster.close();
      throw isAborted(signal) ? remoteAborted(this.label) : error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await cluster?.close();
  }

  /** A request that is answered by one header. @throws KV_REMOTE_… */
  askHeader<T>(question: Question, decode: (header: Buffer, hello: ServerHello) => T): Promise<T> {
    return this.ask(question, (settler: Settler<T>) => new HeaderReply(settler, decode));
  }

  /** @param taker makes the answer. @throws KV_REMOTE_… */
  async ask<T>(question: Question, taker: (settler: Settler<T>) => ReplyTaker): Promise<T> {
    const { server, signal } = question;
    try {
      return await new Promise<T>((resolve, reject: (error: unknown) => void) => {
        this.start(question, taker({ resolve, reject }));
      });
    } catch (error) {
      throw isAborted(signal) ? remoteAborted(this.label) : this.errorOf(server, error);
    }
  }

  /** Sends a request whose taker is told what the client says. */
  start({ server, kind, request, signal }: Question, taker: ReplyTaker): Call {
    return this.cluster.ask(server, kind, request, { signal, timeoutMs: NO_TIMEOUT }, taker);
  }

  errorOf(server: Server, error: unknown): KvError {
    return kvnestError(this.#labelOf(server), error);
  }

  /** Whether this server is gone while another one is there: what lies on it is a miss. */
  isOutage(server: Server, error: unknown): boolean {
    if (!isKvError(error, 'KV_REMOTE_UNREACHABLE')) return false;
    return this.cluster.servers.some((other) => other !== server && other.isPromising);
  }

  async #reach({ servers }: Cluster): Promise<void> {
    const attempts = await Promise.allSettled(servers.map(({ firstAttempt }) => firstAttempt));
    const failures = attempts.flatMap((attempt, index) =>
      attempt.status === 'rejected' ? [this.errorOf(servers[index] as Server, attempt.reason)] : [],
    );
    const refusal = failures.find(({ kind }) => kind === 'config');
    if (refusal !== undefined) throw refusal;
    if (failures.length === servers.length) throw failures[0] as KvError;
  }

  #labelOf({ address }: Server): string {
    const scheme = this.settings.tls === undefined ? 'kvnest' : 'kvnests';
    return this.settings.servers.length === 1 ? this.label : `${scheme}://${address.name}`;
  }
}
