import { type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { isKvError, type KvError } from '../../../common/errors/kv-error.js';
import {
  type FrameEvent,
  FrameParser,
  type FrameProtocolError,
} from '../../../protocols/kvnest-tcp/frame-parser.js';
import {
  encodeFrame,
  encodeJsonFrame,
  FRAME_TYPES,
  frameError,
  type FramePrefix,
} from '../../../protocols/kvnest-tcp/frame.js';
import { LOSS_CAPABILITY } from '../../../protocols/kvnest-tcp/loss-byte.js';
import { PATTERNS } from '../../../protocols/kvnest-tcp/patterns.js';
import { type DoorSecret } from '../door-secret.js';
import { RequestConnection } from '../socket/request-connection.js';
import { Heartbeat, type Listened } from './heartbeat.js';
import {
  type Backlog,
  type BodyReceiver,
  type PatternContext,
  type PatternServices,
} from './patterns/pattern.interface.js';
import { JSON_PATTERNS, PATTERN_TABLE } from './patterns/pattern-table.js';
import { DroppedBody } from './patterns/tokens-body.js';
import { Permits } from './permits.js';
import { cancelled, errorBody, patternError } from './tcp-errors.js';
import { capabilitiesOf, MAX_HELLO_BYTES, refuseHello } from './tcp-hello.js';
import { type RequestHost, TcpRequest, type Turns } from './tcp-request.js';

const logger = new Logger('TcpDoor');
/** Chunks of one connection that are read and wait for their turn. */
const READ_AHEAD_CHUNKS = 4;
/** Questions for a summary that wait. A peer has one; while that is taken back, it may ask the next. */
const MAX_ANNOUNCEMENTS = 4;
/** Their bodies are kept, as headers are, until they are over. */
const PATTERNS_OF_TOKENS: ReadonlySet<number> = new Set([PATTERNS.LOOKUP, PATTERNS.RETRIEVE]);

/** What a client counts as that has not said hello, whatever it sends. */
const NOBODY: Listened = { receivedBytes: 0, isPaused: false };

/** What the connections of the door share. */
export interface TcpDoorServices extends PatternServices {
  readonly secret: DoorSecret;
  readonly heartbeatMs: number;
  readonly maxInFlight: number;
  readonly maxHeaderBytes: number;
  /** The frame that every client is greeted with. */
  readonly hello: Buffer;
}

/** One client. Its requests are answered as they are done, in any order. */
export class TcpConnection extends RequestConnection<FrameEvent | FrameProtocolError> implements RequestHost {
  readonly #services: TcpDoorServices;
  readonly #parser: FrameParser;
  readonly #context: PatternContext;
  readonly #heartbeat: Heartbeat;
  readonly #helloDue: Heartbeat;
  readonly #requests = new Map<number, TcpRequest>();
  /** What they keep of what the client has sent, in memory that is not the arena. */
  #heldBytes = 0;
  #isGreeted = false;
  readonly #client = { knowsLoss: false };
  #body: BodyReceiver | undefined;
  #bodyOf: TcpRequest | undefined;
  /** A request waits for others to end. */
  #onSlot: (() => void) | undefined;
  #onGone: (() => void) | undefined;

  constructor(accepted: Socket, services: TcpDoorServices, onClose: (connection: TcpConnection) => void) {
    const parser = new FrameParser({
      expectPreamble: true,
      maxHeaderBytes: (prefix) => this.#maxHeaderBytes(prefix),
    });
    super({ accepted, counters: services.counters, logger }, parser, () => {
      this.#abortAll();
      onClose(this);
      this.#onGone?.();
    });
    this.#services = services;
    this.#parser = parser;
    this.#heartbeat = new Heartbeat(this, services.heartbeatMs);
    this.#helloDue = new Heartbeat(NOBODY, services.heartbeatMs);
    this.#context = {
      ...services,
      peer: this.peer,
      client: this.#client,
      reads: new Permits(READ_AHEAD_CHUNKS),
      retrieves: new Permits(1),
      announcements: new Permits(MAX_ANNOUNCEMENTS),
      backlog: this.#backlog(services.maxJsonBytes),
    };
  }

  override get isIdle(): boolean {
    return !this.#isGreeted || (this.#requests.size === 0 && super.isIdle);
  }

  send(frame: Buffer, chunk?: ArenaHandle): void {
    if (chunk === undefined) this.replies.push(frame);
    else this.replies.pushChunk(frame, chunk);
    this.flushSoon();
  }

  get turns(): Turns {
    return this.replies;
  }

  release(request: TcpRequest): void {
    this.#requests.delete(request.id);
    this.#heldBytes -= request.heldBytes;
    if (!this.#isFull) {
      const resume = this.#onSlot;
      this.#onSlot = undefined;
      resume?.();
    }
    this.tellIdle();
  }

  failed(error: unknown): void {
    const { counters } = this.#services;
    counters.requestErrors++;
    if (errorBody(error).code !== 'KV_INTERNAL') return;
    counters.commandFailures++;
    // What is no Error comes from a filter, which has written it down.
    if (error instanceof Error) logger.error('A request failed', error.stack);
  }

  /** Looks after a client that says nothing, or nothing of what must come first. */
  beat(nowMs: number): void {
    const due = this.#isGreeted ? this.#heartbeat.check(nowMs) : this.#helloDue.check(nowMs);
    if (due === 'give-up') {
      this.#services.counters.heartbeatsMissed++;
      this.destroy();
    } else if (due === 'ask' && this.#isGreeted) {
      this.send(encodeFrame({ type: FRAME_TYPES.PING }));
    }
  }

  /** Says that the server is about to end. */
  goAway(deadlineMs: number): void {
    if (!this.#isGreeted) return;
    this.send(encodeJsonFrame({ type: FRAME_TYPES.GOAWAY }, { reason: 'draining', deadline_ms: deadlineMs }));
  }

  /** Hangs up, and waits until the client has noticed. */
  leave(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    const gone = new Promise<void>((resolve) => (this.#onGone = resolve));
    this.end();
    return gone;
  }

  /** Replies that are big wait for their turn; only what is pushed at once holds up what the client sends next. */
  protected override get mustRead(): boolean {
    return this.replies.isFullOfSmall;
  }

  protected onEvent(event: FrameEvent | FrameProtocolError): void {
    this.#orReject(() => {
      if (event.kind === 'protocol-error') throw event.error;
      if (this.#isGreeted) this.#onFrame(event);
      else this.#greet(event);
    });
  }

  protected onValueEnd(): void {
    const value = this.takeValue();
    if (value === undefined) return;
    this.#body?.take(value);
    this.#expectValue();
  }

  #maxHeaderBytes({ type, pattern }: FramePrefix): number {
    const { maxHeaderBytes, maxJsonBytes } = this.#services;
    if (!this.#isGreeted) return MAX_HELLO_BYTES;
    if (type !== FRAME_TYPES.REQUEST) return 0;
    return JSON_PATTERNS.has(pattern) ? maxJsonBytes : maxHeaderBytes;
  }

  #greet(event: FrameEvent): void {
    const refusal = refuseHello(event, this.#services.secret);
    if (refusal !== undefined) throw refusal;
    this.#client.knowsLoss = capabilitiesOf(event).has(LOSS_CAPABILITY);
    this.#isGreeted = true;
    this.replies.push(this.#services.hello);
  }

  #onFrame({ prefix, header }: FrameEvent): void {
    const { type, requestId, bodyBytes } = prefix;
    if (type === FRAME_TYPES.REQUEST) {
      this.#admit(prefix, header);
      return;
    }
    if (bodyBytes > 0) throw frameError(`a body in a frame of type ${type}`);
    if (type === FRAME_TYPES.CANCEL) this.#cancel(requestId);
    else if (type === FRAME_TYPES.PING) this.replies.push(encodeFrame({ type: FRAME_TYPES.PONG, requestId }));
    else if (type !== FRAME_TYPES.PONG) throw frameError(`a frame of type ${type} from a client`);
  }

  #cancel(requestId: number): void {
    const request = this.#requests.get(requestId);
    if (request === undefined) return;
    this.#services.counters.cancelled++;
    request.fail(cancelled());
  }

  /** As many requests are in flight as may be, or they hold as much. */
  get #isFull(): boolean {
    const { maxInFlight, maxJsonBytes } = this.#services;
    return this.#requests.size >= maxInFlight || this.#heldBytes >= maxJsonBytes;
  }

  /** One request more than may be in flight waits for another to end, and what comes behind it is not read. */
  #admit(prefix: FramePrefix, header: Buffer): void {
    const { requestId, flags } = prefix;
    if (requestId === 0) throw frameError('a request without a number');
    if (flags !== 0) throw frameError(`the flags ${flags} of a request`);
    if (this.#requests.has(requestId)) throw frameError(`the number ${requestId} of a request in flight`);
    if (!this.#isFull) {
      this.#start(prefix, header);
      return;
    }
    const kept = Buffer.from(header);
    const slot = new Promise<void>((resolve) => (this.#onSlot = resolve));
    this.await(slot, () => {
      if (!this.isClosed) this.#orReject(() => this.#start(prefix, kept));
    });
  }

  #start({ requestId, pattern, bodyBytes, timeoutMs }: FramePrefix, header: Buffer): void {
    const { counters } = this.#services;
    counters.commands++;
    const heldBytes = header.length + (PATTERNS_OF_TOKENS.has(pattern) ? bodyBytes : 0);
    const request = new TcpRequest(requestId, this, heldBytes);
    this.#requests.set(requestId, request);
    this.#heldBytes += heldBytes;
    this.#body = this.#run(request, pattern, header, bodyBytes);
    this.#bodyOf = request;
    request.expireAfter(timeoutMs, () => {
      counters.timeouts++;
      if (this.#bodyOf === request) this.abandonIncoming();
    });
    this.#expectValue();
  }

  #run(request: TcpRequest, pattern: number, header: Buffer, bodyBytes: number): BodyReceiver | undefined {
    const handler = PATTERN_TABLE[pattern];
    try {
      if (handler === undefined) throw patternError(String(pattern));
      const body = handler(request, header, bodyBytes, this.#context);
      if (body === undefined && bodyBytes > 0) throw frameError('a body where there is none');
      return body;
    } catch (error) {
      if (isKvError(error, 'KV_TCP_FRAME')) throw error;
      request.fail(error);
      return bodyBytes > 0 ? new DroppedBody(bodyBytes) : undefined;
    }
  }

  #expectValue(): void {
    const next = this.#body?.next();
    if (next !== undefined) {
      this.receive(next.lengthBytes, next.room);
      return;
    }
    this.#body = this.#bodyOf = undefined;
    this.#parser.endBody();
  }

  /** What is not the protocol is told, and ends the connection. */
  #orReject(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (isKvError(error)) this.#reject(error);
      else this.fail(error);
    }
  }

  #reject(error: KvError): void {
    this.#services.counters.protocolErrors++;
    this.#abortAll();
    this.replies.push(encodeJsonFrame({ type: FRAME_TYPES.ERROR }, errorBody(error)));
    this.end();
  }

  #backlog(maxBytes: number): Backlog {
    const { replies } = this;
    return {
      get isFull() {
        return replies.isFullOfSmall;
      },
      get isOverfull() {
        return replies.smallBytes > maxBytes;
      },
    };
  }

  #abortAll(): void {
    for (const request of this.#requests.values()) request.abort();
  }
}
