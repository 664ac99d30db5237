import { isOutage } from '../client-errors.js';
import { type Cluster } from '../cluster/cluster.js';
import { type CallOptions } from '../kvnest-client.interface.js';
import { type ClientSettings, timeoutNumber } from '../options/client-settings.js';
import { type CallKind, type Server } from '../pool/server.js';
import { type CallLimits, type ReplyTaker } from '../wire/call.js';
import { type ServerHello } from '../wire/hello.js';
import { type WireRequest } from '../wire/request.js';
import { HeaderReply, type Settler } from './replies.js';

/** A request with whom it goes to. */
export interface Question {
  readonly server: Server;
  readonly kind: CallKind;
  readonly request: WireRequest;
  readonly limits: CallLimits;
}

/** What all calls of a client need: its servers, its defaults, and what becomes of an outage. */
export class Asker {
  constructor(
    readonly cluster: Cluster,
    readonly settings: ClientSettings,
  ) {}

  /** @throws KV_CLIENT_INPUT */
  limits({ signal, timeoutMs }: CallOptions): CallLimits {
    return {
      signal,
      timeoutMs: timeoutMs === undefined ? this.settings.timeoutMs : timeoutNumber(timeoutMs),
    };
  }

  /**
   * @param missed what the call is answered where its server cannot be reached, unless that is to be an error.
   * @param taker makes the answer.
   */
  ask<T>(question: Question, missed: () => T, taker: (settler: Settler<T>) => ReplyTaker): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { server, kind, request, limits } = question;
      const fail: (error: unknown) => void = reject;
      const failOrMiss = (error: unknown): void => (isOutage(error) ? resolve(missed()) : fail(error));
      const settler = { resolve, reject: this.settings.missesOutages ? failOrMiss : fail };
      this.cluster.ask(server, kind, request, limits, taker(settler));
    });
  }

  /** A request that is answered by one header. */
  askHeader<T>(
    question: Question,
    missed: () => T,
    decode: (header: Buffer, hello: ServerHello) => T,
  ): Promise<T> {
    return this.ask(question, missed, (settler) => new HeaderReply(settler, decode));
  }
}
