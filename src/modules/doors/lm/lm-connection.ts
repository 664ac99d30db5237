import { type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { chain, type Awaitable } from '../../../common/awaitable.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { encodeLmReply, LM_CODES, LM_COMMANDS, type LmCommand } from '../../../protocols/lm/lm-message.js';
import { type LmRequestEvent, LmRequestParser } from '../../../protocols/lm/lm-request-parser.js';
import { type LmProtocolError } from '../../../protocols/lm/lm-stream-parser.js';
import { RequestConnection } from '../socket/request-connection.js';
import { type LmChunks, type LmHit, type LmPut, lmPut } from './lm-chunks.js';
import { type LmCounters } from './lm-counters.js';

const logger = new Logger('LmDoor');
const YES = encodeLmReply(LM_CODES.SUCCESS);
const NO = encodeLmReply(LM_CODES.FAIL);
const NEED_KEY = new Set<LmCommand>([LM_COMMANDS.PUT, LM_COMMANDS.GET, LM_COMMANDS.EXIST]);

/** What the connections of the door share. */
export interface LmDoorServices {
  readonly chunks: LmChunks;
  readonly counters: LmCounters;
  /** False from the first moment of a shutdown on. */
  readonly isServing: () => boolean;
}

/** One client of LMCache. It gets one reply for each request but PUT, in order. */
export class LmConnection extends RequestConnection<LmRequestEvent | LmProtocolError> {
  readonly #services: LmDoorServices;
  readonly #parser: LmRequestParser;
  #put: LmPut | undefined;

  constructor(accepted: Socket, services: LmDoorServices, onClose: (connection: LmConnection) => void) {
    const parser = new LmRequestParser();
    super({ accepted, counters: services.counters, logger }, parser, () => onClose(this));
    this.#services = services;
    this.#parser = parser;
  }

  protected onEvent(event: LmRequestEvent | LmProtocolError): void {
    if (event.kind === 'protocol-error') this.#reject(event.message);
    else this.#execute(event);
  }

  protected onValueEnd(): void {
    this.#parser.endBody();
    const value = this.takeValue();
    const put = this.#put;
    this.#put = undefined;
    if (value === undefined || put === undefined) return;
    const { chunks, counters } = this.#services;
    this.#run(
      () => chunks.commit(put, value),
      () => {
        counters.drop('internal');
        value[Symbol.dispose]();
      },
    );
  }

  #execute({ command, key: name, metadata }: LmRequestEvent): void {
    const { chunks, counters, isServing } = this.#services;
    counters.commands++;
    if (name.length === 0 && NEED_KEY.has(command)) {
      this.#reject('a request without a key');
      return;
    }
    const key = new ChunkKey(name);
    switch (command) {
      case LM_COMMANDS.PUT:
        this.#receive(lmPut(key, metadata));
        break;
      case LM_COMMANDS.GET:
        this.#answer(() => chain(chunks.get(key), (hit) => this.#send(hit)));
        break;
      case LM_COMMANDS.EXIST:
        this.#answer(() => chain(chunks.exists(key), (exists) => this.replies.push(exists ? YES : NO)));
        break;
      case LM_COMMANDS.HEALTH:
        this.replies.push(isServing() ? YES : NO);
        break;
      case LM_COMMANDS.LIST:
        this.replies.push(NO);
        break;
    }
  }

  #receive(put: LmPut): void {
    this.#put = put;
    this.receive(put.lengthBytes, () => this.#services.chunks.receive(put));
  }

  /** Header and bytes leave in one write: LMCache's client reads the header with one call and does not ask again. */
  #send(hit: LmHit | undefined): void {
    if (hit === undefined) this.replies.push(NO);
    else this.replies.pushChunk(encodeLmReply(LM_CODES.SUCCESS, hit.metadata), hit.handle);
  }

  /** Whatever fails inside is a miss to the client. */
  #answer(work: () => Awaitable<void>): void {
    this.#run(work, () => this.replies.push(NO));
  }

  #run(work: () => Awaitable<void>, onFailure: () => void): void {
    const fail = (): void => {
      this.#services.counters.commandFailures++;
      onFailure();
    };
    try {
      const done = work();
      this.await(done instanceof Promise ? done.catch(fail) : done);
    } catch {
      fail();
    }
  }

  /** The stream cannot be understood any more. LMCache's server does the same. */
  #reject(reason: string): void {
    this.#services.counters.protocolErrors++;
    logger.warn(`Hung up on ${this.peer}, which does not speak lm://: ${reason}`);
    this.end();
  }
}
