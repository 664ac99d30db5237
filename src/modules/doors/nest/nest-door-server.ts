import { once } from 'node:events';
import { type Socket } from 'node:net';
import {
  type BaseRpcContext,
  type IncomingRequest,
  ServerTCP,
  type TcpContext,
  type TcpSocket,
  type WritePacket,
} from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import { KvError } from '../../../common/errors/kv-error.js';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type SmallValues } from '../control/values/small-values.js';
import { type DoorSecret } from '../door-secret.js';
import { fromKvError, toRpcError } from '../errors/rpc-error.js';
import { hostPort } from '../host-port.js';
import { listenError } from '../listen-error.js';
import { type FlowContext } from '../reply-flow.interface.js';
import { MessageAuth } from './message-auth.js';
import { NestConnection } from './nest-connection.js';
import { NestDoorSocket } from './nest-door-socket.js';

/** An idle client that vanished without a word is found out by the kernel. */
const KEEP_ALIVE_MS = 60_000;
/** Requests of one connection that may wait for their answers, streams included. */
const MAX_IN_FLIGHT = 1024;
/** Room in a message for all but values: long prompts, above all. */
const MAX_JSON_LENGTH = 8 * 1024 * 1024;

type Respond = (data: WritePacket) => unknown;

export interface NestDoorServerParts {
  readonly limits: DoorLimits;
  readonly secret: DoorSecret;
  readonly values: SmallValues;
}

/** Nest's own server for `Transport.TCP`, with limits, a token, and an end that cuts nothing. */
export class NestDoorServer extends ServerTCP {
  readonly counters = {
    connections: 0,
    connections_refused: 0,
    requests: 0,
    errors: 0,
    bytes_in: 0,
    bytes_out: 0,
  };
  readonly #parts: NestDoorServerParts;
  readonly #auth: MessageAuth;
  readonly #connections = new Map<Socket, NestConnection>();
  #opened: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(parts: NestDoorServerParts) {
    const { host, port, maxConnections } = parts.limits;
    super({ host, port });
    this.#parts = parts;
    this.#auth = new MessageAuth(parts.secret);
    this.server.maxConnections = maxConnections;
    this.server.on('drop', () => this.counters.connections_refused++);
  }

  get address(): string | undefined {
    return hostPort(this.server.address());
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The counters, with the bytes of connections that are open. */
  snapshot(): Readonly<Record<string, number>> {
    const counters = { ...this.counters };
    for (const socket of this.#connections.keys()) addBytes(counters, socket);
    return counters;
  }

  /** Begins to listen; again: waits for it. @throws KV_DOOR_LISTEN */
  open(): Promise<void> {
    return (this.#opened ??= this.#listen());
  }

  override listen(callback: (error?: unknown) => void): void {
    this.open().then(() => callback(), callback);
  }

  /** Stops accepting, waits until nothing is in flight or the deadline is there, and closes. */
  async drain(deadline: Promise<void>): Promise<void> {
    this.server.close();
    await Promise.race([deadline, this.#idle()]);
    // What the last of them answers is written in a tick of its own.
    await new Promise((resolve) => setImmediate(resolve));
    const closed = Array.from(this.#connections.keys(), async (socket) => {
      socket.end();
      await once(socket, 'close').catch(() => undefined);
    });
    await Promise.race([deadline, Promise.all(closed)]);
    this.close();
  }

  override bindHandler(socket: Socket): void {
    const connection = new NestConnection(socket, () => {
      if (this.#isIdle) this.#onIdle?.();
    });
    this.#connections.set(socket, connection);
    this.counters.connections++;
    socket.setNoDelay();
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.once('close', () => {
      this.#connections.delete(socket);
      addBytes(this.counters, socket);
      connection.close();
    });
    super.bindHandler(socket);
  }

  override async handleMessage(socket: TcpSocket, rawMessage: unknown): Promise<void> {
    const packet = rawMessage as Partial<IncomingRequest>;
    this.counters.requests++;
    const problem = this.#auth.check(packet.data) ?? this.#tooMany(socket) ?? this.#noHandler(packet);
    if (problem !== undefined) {
      this.#refuse(socket, packet.id, problem);
      return;
    }
    // Now, and not in handleRequest: many messages come at once, and each goes on in a later tick.
    if (packet.id !== undefined) this.#connections.get(socket.netSocket)?.begin();
    await super.handleMessage(socket, { ...packet, data: this.#auth.withoutToken(packet.data) });
  }

  protected override handleRequest(
    context: BaseRpcContext,
    produce: () => Promise<Observable<unknown>>,
    respond: Respond,
  ): void {
    const { netSocket } = (context as TcpContext).getSocketRef();
    const connection = this.#connections.get(netSocket);
    if (connection === undefined) return;
    Object.assign(context, { replyFlow: connection } satisfies FlowContext);
    super.handleRequest(
      context,
      async () => {
        const answer$: Observable<unknown> = await produce().catch((error: unknown) =>
          throwError(() => toRpcError(error)),
        );
        return connection.answer(answer$);
      },
      (data) => this.#respond(respond, data),
    );
  }

  /** Clients that send what is no message of Nest are counted, and no news to the log. */
  protected override handleError(error: unknown): void {
    this.counters.errors++;
    if (!isFaultOfClient(error)) this.logger.error(error);
  }

  protected override getSocketInstance(socket: Socket): TcpSocket {
    const { limits, values } = this.#parts;
    const own: TcpSocket = new NestDoorSocket(socket, {
      maxMessageLength: MAX_JSON_LENGTH + 2 * values.maxMessageBytes,
      stallTimeoutMs: limits.bodyTimeoutMs,
      onTooLong: (id) => {
        this.counters.requests++;
        this.#refuse(own, id, values.tooLarge('far too much'));
        if (id === undefined) socket.destroy();
      },
    });
    return own;
  }

  async #listen(): Promise<void> {
    const { limits } = this.#parts;
    try {
      this.server.listen(limits.port, limits.host);
      await once(this.server, 'listening');
    } catch (error) {
      throw listenError('nest', limits, error);
    }
  }

  #refuse(socket: TcpSocket, id: string | undefined, problem: KvError): void {
    this.counters.errors++;
    if (id !== undefined) socket.sendMessage({ id, err: fromKvError(problem), isDisposed: true });
  }

  /** What is no JSON is the fault of who made the answer, and the client must not wait for ever. */
  #respond(respond: Respond, data: WritePacket): void {
    if (data.err !== undefined) this.counters.errors++;
    try {
      respond(data);
    } catch (error) {
      this.logger.error(error);
      respond({ err: toRpcError(error), isDisposed: true });
    }
  }

  #tooMany({ netSocket }: TcpSocket): KvError | undefined {
    const connection = this.#connections.get(netSocket);
    if (connection === undefined || connection.inFlight < MAX_IN_FLIGHT) return undefined;
    return new KvError('KV_NEST_IN_FLIGHT', `${MAX_IN_FLIGHT} requests wait on this connection`, {
      kind: 'unavailable',
      retryable: true,
      remedy: 'wait for answers, or open another connection',
    });
  }

  /** An event is for handlers of events: what else there is may be a stream, which nobody would end. */
  #noHandler({ id, pattern }: Partial<IncomingRequest>): KvError | undefined {
    const text = this.getPatternAsString(pattern) as string | undefined;
    const handler = text === undefined ? null : this.getHandlerByPattern(text);
    const isEvent = id === undefined;
    if (handler !== null && (!isEvent || handler.isEventHandler === true || handler.next !== undefined))
      return undefined;
    return new KvError('KV_NEST_PATTERN', 'nothing here answers this pattern', {
      kind: 'input',
      remedy: 'ask for one of the patterns of docs/nest.md, or of a module of this server',
    });
  }

  get #isIdle(): boolean {
    return [...this.#connections.values()].every(({ inFlight }) => inFlight === 0);
  }

  async #idle(): Promise<void> {
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}

function addBytes(
  counters: { bytes_in: number; bytes_out: number },
  { bytesRead, bytesWritten }: Socket,
): void {
  counters.bytes_in += bytesRead;
  counters.bytes_out += bytesWritten;
}

/** What came over a connection; Nest does not export the class. */
function isFaultOfClient(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'InvalidTcpDataReceptionException';
}
