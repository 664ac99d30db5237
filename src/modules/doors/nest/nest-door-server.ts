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
import { finalize, type Observable, Subject, takeUntil, throwError } from 'rxjs';
import { KvError } from '../../../common/errors/kv-error.js';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type DoorSecret } from '../door-secret.js';
import { fromKvError, toRpcError } from '../errors/rpc-error.js';
import { hostPort } from '../host-port.js';
import { listenError } from '../listen-error.js';
import { MessageAuth } from './message-auth.js';
import { NestDoorSocket } from './nest-door-socket.js';

/** Requests of one connection that may wait for their answers, streams included. */
const MAX_IN_FLIGHT = 1024;

/** What there is of one connection. */
interface Connection {
  inFlight: number;
  readonly closed$: Subject<void>;
}

/** Nest's own server for `Transport.TCP`, with limits, a token, and an end that cuts nothing. */
export class NestDoorServer extends ServerTCP {
  readonly counters = { connections: 0, connections_refused: 0, requests: 0, errors: 0 };
  readonly #limits: DoorLimits;
  readonly #auth: MessageAuth;
  readonly #connections = new Map<Socket, Connection>();
  #opened: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(limits: DoorLimits, secret: DoorSecret) {
    super({ host: limits.host, port: limits.port });
    this.#limits = limits;
    this.#auth = new MessageAuth(secret);
    this.server.maxConnections = limits.maxConnections;
    this.server.on('drop', () => this.counters.connections_refused++);
  }

  get address(): string | undefined {
    return hostPort(this.server.address());
  }

  get connections(): number {
    return this.#connections.size;
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
    this.isManuallyTerminated = true;
    this.server.close();
    await Promise.race([deadline, this.#idle()]);
    // What the last of them answers is written in a tick of its own.
    await new Promise((resolve) => setImmediate(resolve));
    const sockets = [...this.#connections.keys()];
    const closed = Promise.all(
      sockets.map(async (socket) => {
        socket.end();
        await once(socket, 'close').catch(() => undefined);
      }),
    );
    await Promise.race([deadline, closed]);
    this.close();
  }

  override bindHandler(socket: Socket): void {
    const connection: Connection = { inFlight: 0, closed$: new Subject() };
    this.#connections.set(socket, connection);
    this.counters.connections++;
    socket.setNoDelay();
    socket.once('close', () => {
      this.#connections.delete(socket);
      connection.closed$.next();
      connection.closed$.complete();
    });
    super.bindHandler(socket);
  }

  override async handleMessage(socket: TcpSocket, rawMessage: unknown): Promise<void> {
    const packet = (await this.deserializer.deserialize(rawMessage)) as Partial<IncomingRequest>;
    this.counters.requests++;
    const problem =
      this.#auth.check(packet.data) ?? this.#tooMany(socket) ?? this.#noHandler(packet.pattern as unknown);
    if (problem !== undefined) {
      this.counters.errors++;
      if (packet.id !== undefined) refuse(socket, packet.id, problem);
      return;
    }
    await super.handleMessage(socket, { ...packet, data: this.#auth.withoutToken(packet.data) });
  }

  protected override handleRequest(
    context: BaseRpcContext,
    produce: () => Promise<Observable<unknown>>,
    respond: (data: WritePacket) => Promise<unknown> | void,
  ): void {
    const { netSocket } = (context as TcpContext).getSocketRef() as unknown as TcpSocket;
    const connection = this.#connections.get(netSocket);
    if (connection === undefined) return;
    connection.inFlight++;
    const done = (): void => {
      connection.inFlight--;
      if (this.#isIdle) this.#onIdle?.();
    };
    super.handleRequest(
      context,
      async () => {
        const answer$: Observable<unknown> = await produce().catch((error: unknown) =>
          throwError(() => toRpcError(error)),
        );
        return answer$.pipe(takeUntil(connection.closed$), finalize(done));
      },
      (data) => this.#respond(respond, data),
    );
  }

  /** Clients that send what is no message of Nest are no news to the log. */
  protected override handleError(): void {
    this.counters.errors++;
  }

  protected override getSocketInstance(socket: Socket): TcpSocket {
    const { maxValueBytes, bodyTimeoutMs } = this.#limits;
    return new NestDoorSocket(socket, { maxValueBytes, bodyTimeoutMs });
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#limits;
    try {
      this.server.listen(port, host);
      await once(this.server, 'listening');
    } catch (error) {
      throw listenError('nest', this.#limits, error);
    }
  }

  /** What is no JSON is the fault of who made the answer, and the client must not wait for ever. */
  #respond(respond: (data: WritePacket) => Promise<unknown> | void, data: WritePacket): void {
    if (data.err !== undefined) this.counters.errors++;
    try {
      void respond(data);
    } catch (error) {
      this.logger.error(error);
      void respond({ err: toRpcError(error), isDisposed: true });
    }
  }

  #tooMany({ netSocket }: TcpSocket): KvError | undefined {
    const connection = this.#connections.get(netSocket);
    if (connection === undefined || connection.inFlight < MAX_IN_FLIGHT) return undefined;
    return new KvError('KV_NEST_IN_FLIGHT', `more than ${MAX_IN_FLIGHT} requests wait on this connection`, {
      kind: 'unavailable',
      retryable: true,
      remedy: 'wait for answers, or open another connection',
    });
  }

  #noHandler(pattern: unknown): KvError | undefined {
    const text = this.getPatternAsString(pattern);
    if (typeof text === 'string' && this.getHandlerByPattern(text) !== null) return undefined;
    return new KvError('KV_NEST_PATTERN', 'this server has no handler for the pattern', { kind: 'input' });
  }

  get #isIdle(): boolean {
    return [...this.#connections.values()].every(({ inFlight }) => inFlight === 0);
  }

  async #idle(): Promise<void> {
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}

function refuse(socket: TcpSocket, id: string, problem: KvError): void {
  socket.sendMessage({ id, err: fromKvError(problem), isDisposed: true });
}
