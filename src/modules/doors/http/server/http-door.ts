import { type Server } from 'node:http';
import { type Socket } from 'node:net';
import {
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { tuneSocket } from '../../../../arena/native/socket-buffers.js';
import { KVNEST_CONFIG, type KvnestConfig } from '../../../../config/kvnest-config.interface.js';
import { type Door, DOOR_REGISTRY, type DoorRegistry, type DoorStatus } from '../../door-registry.js';
import { DOOR_SECRET, type DoorSecret } from '../../door-secret.js';
import { ERROR_ANSWERS, type ErrorAnswers } from '../../errors/error-answers.js';
import { hostPort } from '../../host-port.js';
import { readBodiesDirectly } from '../body/direct-connection.js';
import { HttpErrorAnswer } from '../errors/http-error-answer.js';
import { BearerAuth } from './auth.js';
import { ConnectionTracker } from './connection-tracker.js';
import { contentTypeError, registerStreamParsers, streamTypeOf } from './content-types.js';
import { RouteTable } from './route-table.js';
import { askForBody, holdContinue, waitsForContinue } from '../body/continue.js';
import {
  httpRequestChannel,
  type HttpRequestMessage,
} from '../../../../common/tracing/http-request.channel.js';

/** For the kernel's buffers of a connection and for what node queues on it. */
const SOCKET_BUFFER_BYTES = 1 << 20;

/** What happens to every request and connection of the HTTP server, and how it ends. */
@Injectable()
export class HttpDoor implements Door, OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  readonly #auth: BearerAuth | undefined;
  readonly #counters = { connections: 0, connections_refused: 0, requests: 0, errors: 0 };
  #connections: ConnectionTracker | undefined;
  #draining = false;
  #deadline: NodeJS.Timeout | undefined;
  #leaveRegistry: (() => void) | undefined;

  constructor(
    @Inject(KVNEST_CONFIG) private readonly config: KvnestConfig,
    @Inject(DOOR_REGISTRY) private readonly registry: DoorRegistry,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(DOOR_SECRET) secret: DoorSecret,
    @Inject(ERROR_ANSWERS) errors: ErrorAnswers,
  ) {
    if (secret.required) this.#auth = new BearerAuth(secret);
    const answer = new HttpErrorAnswer(this.#knowRoutes());
    errors.set('http', (error, context) => answer.answer(error, context));
  }

  onModuleInit(): void {
    const instance = this.host.httpAdapter.getInstance<FastifyInstance>();
    registerStreamParsers(instance);
    instance.addHook('onRequest', this.#onRequest);
    instance.addHook('onSend', this.#onSend);
    instance.addHook('onResponse', this.#onResponse);
    holdContinue(this.#server);
    this.#connections = new ConnectionTracker(this.#server);
    readBodiesDirectly(this.#server, SOCKET_BUFFER_BYTES, this.#onConnection);
    this.#server.on('drop', () => this.#counters.connections_refused++);
    this.#leaveRegistry = this.registry.add(this);
  }

  /** From now on every reply ends its connection; what is still open at the deadline is cut. */
  onModuleDestroy(): void {
    this.#draining = true;
    this.#connections?.closeIdle();
    this.#deadline = setTimeout(() => this.#server.closeAllConnections(), this.config.drainTimeoutMs);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.#deadline);
    this.#leaveRegistry?.();
  }

  doorStatus(): DoorStatus {
    return {
      name: 'http',
      address: hostPort(this.#server.address()),
      connections: this.#connections?.count ?? 0,
      counters: this.#counters,
    };
  }

  /** Routes are added after the constructors, and before any hook. */
  #knowRoutes(): RouteTable {
    const routes = new RouteTable();
    this.host.httpAdapter
      .getInstance<FastifyInstance>()
      .addHook('onRoute', ({ url, method }) => routes.add(url, method));
    return routes;
  }

  get #server(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }

  readonly #onConnection = (socket: Socket, fd: number): void => {
    tuneSocket(fd, SOCKET_BUFFER_BYTES, SOCKET_BUFFER_BYTES);
    this.#connections?.add(socket);
    this.#counters.connections++;
  };

  readonly #onRequest = (
    request: FastifyRequest,
    reply: FastifyReply,
    done: (error?: Error) => void,
  ): void => {
    const error =
      this.#auth?.check(request.raw.url ?? '', request.headers.authorization) ?? contentTypeError(request);
    if (error !== undefined) {
      done(error);
      return;
    }
    if (request.headers.expect !== undefined && streamTypeOf(request) === undefined)
      askForBody(request.raw, reply.raw);
    done();
  };

  readonly #onSend = (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: (error: Error | null, payload: unknown) => void,
  ): void => {
    if (this.#draining || waitsForContinue(request.raw)) void reply.header('connection', 'close');
    done(null, payload);
  };

  readonly #onResponse = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    this.#counters.requests++;
    if (reply.statusCode >= 400) this.#counters.errors++;
    if (httpRequestChannel.hasSubscribers) {
      httpRequestChannel.publish({
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        seconds: reply.elapsedTime / 1000,
      } satisfies HttpRequestMessage);
    }
    done();
  };
}
