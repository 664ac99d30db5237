import { type Socket } from 'node:net';
import { type MooncakeCaller, MooncakeRequests } from '../../../protocols/mooncake/mooncake-request.js';
import {
  encodeRpcRequest,
  type MasterMethod,
  type RpcReply,
  RpcReplyParser,
} from '../../../protocols/mooncake/rpc-frame.js';
import { type PooledConnection } from '../../connection-pool/connection-pool.js';
import { remoteAborted, remoteProtocol, remoteTimeout, remoteUnreachable } from '../../connector-errors.js';
import { openSocket } from '../../open-socket.js';
import { negotiate } from './negotiate.js';

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
  /** What errors call the store. */
  readonly label: string;
}

export interface MasterConnectionOptions extends MasterAddress {
  readonly caller: MooncakeCaller;
  /** It is given up when it owes answers and has said nothing for so long. */
  readonly silenceMs: number;
}

type Settle = (answer: RpcReply | Error) => void;

/** Where replies are read. Each is copied out before the next read, so that all connections share it. */
const RECEIVED = Buffer.allocUnsafeSlow(64 * 1024);
const MAX_SEQUENCE = 0xffffffff;

/** A connection to one master, on which any number of questions may be on their way. */
export class MasterConnection implements PooledConnection {
  receivedBytes = 0;
  readonly closed: Promise<void>;
  readonly #options: MasterConnectionOptions;
  readonly #socket: Socket;
  readonly #connected: Promise<void>;
  readonly #parser = new RpcReplyParser();
  readonly #waiting = new Map<number, Settle>();
  readonly #silence: NodeJS.Timeout;
  #requests: MooncakeRequests | undefined;
  #sequence = 0;
  #failure: Error | undefined;

  constructor(options: MasterConnectionOptions) {
    this.#options = options;
    const { host, port, silenceMs } = options;
    this.#silence = setTimeout(() => this.#onSilence(), silenceMs).unref();
    const { socket, connected, closed } = openSocket(
      { host, port },
      {
        nextTarget: () => RECEIVED,
        onBytes: (bytes) => this.#onBytes(Buffer.from(RECEIVED.subarray(0, bytes))),
        onEnd: (error) => this.destroy(this.#lost(error)),
        onClosed: () => this.#onClosed(),
      },
    );
    this.#socket = socket;
    this.#connected = connected;
    this.closed = closed;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get isReusable(): boolean {
    return this.isOpen;
  }

  /** In the words of the master's release. */
  get requests(): MooncakeRequests {
    return this.#requests as MooncakeRequests;
  }

  /** Settles when it is known how the master is spoken to. @throws KV_REMOTE_REFUSED when it is not. */
  async ready(): Promise<void> {
    await this.#connected;
    const { label, caller } = this.#options;
    const schema = await negotiate(label, caller, (method, body) => this.call(method, body));
    this.#requests = new MooncakeRequests(schema, caller);
  }

  /** @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_TIMEOUT, KV_REMOTE_PROTOCOL, KV_REMOTE_ABORTED */
  call(method: MasterMethod, body: Uint8Array, signal?: AbortSignal): Promise<RpcReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (signal?.aborted === true) return Promise.reject(remoteAborted(this.#options.label));
    return new Promise((resolve, reject) => {
      const sequence = this.#nextSequence();
      const onAbort = (): void => settle(remoteAborted(this.#options.label));
      // Whoever takes a question back leaves its place: the answer may still come.
      const settle: Settle = (answer) => {
        signal?.removeEventListener('abort', onAbort);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      signal?.addEventListener('abort', onAbort);
      if (this.#waiting.size === 0) this.#silence.refresh();
      this.#waiting.set(sequence, settle);
      this.#socket.write(encodeRpcRequest(sequence, method, body));
    });
  }

  destroy(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    clearTimeout(this.#silence);
    this.#socket.destroy();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle(reason);
  }

  #nextSequence(): number {
    this.#sequence = this.#sequence === MAX_SEQUENCE ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  #onBytes(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    const { replies, problem } = this.#parser.push(bytes);
    for (const reply of replies) this.#onReply(reply);
    if (problem !== undefined) this.#violated(problem);
    else if (this.isOpen) this.#silence.refresh();
  }

  #onReply(reply: RpcReply): void {
    const settle = this.#waiting.get(reply.sequence);
    this.#waiting.delete(reply.sequence);
    if (settle === undefined) this.#violated('it answers what nobody asked');
    else settle(reply);
  }

  #onSilence(): void {
    const { label, silenceMs } = this.#options;
    if (this.#waiting.size > 0) this.destroy(remoteTimeout(label, 'a question', silenceMs));
  }

  #violated(what: string): void {
    this.destroy(remoteProtocol(this.#options.label, what));
  }

  #onClosed(): Error {
    this.destroy(this.#lost());
    return this.#failure as Error;
  }

  #lost(cause: Error = new Error('the connection was closed')): Error {
    return remoteUnreachable(this.#options.label, cause);
  }
}
