import { firstValueFrom, merge, Observable } from 'rxjs';
import { isKvError } from '../../common/errors/kv-error.js';
import { isOutage } from '../client-errors.js';
import {
  type CacheEvent,
  type CallOptions,
  type ChunkEvent,
  type ClearFilter,
} from '../kvnest-client.interface.js';
import { backOffMs } from '../pool/back-off.js';
import { type Server } from '../pool/server.js';
import { PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';
import { type Call, type CallLimits, type ReplyTaker } from '../wire/call.js';
import { makeJsonRequest } from '../wire/request.js';
import { type Asker } from './asker.js';

/** Who takes the values of an answer. */
interface ValueTaker {
  next(value: unknown): void;
  complete(): void;
  error(error: unknown): void;
}

/** What is sent by its name. */
interface Message {
  readonly pattern: string;
  readonly data: unknown;
}

/** Calls in JSON, by the name of a message pattern. */
export class NamedCalls {
  constructor(private readonly asker: Asker) {}

  /** Of the first server that takes it: one that may have carried it out already is the last. */
  send(pattern: string, data: unknown, options: CallOptions): Observable<unknown> {
    return new Observable((subscriber) => {
      const limits = this.asker.limits(options);
      const servers = [...this.asker.cluster.servers].sort(
        (a, b) => Number(b.isPromising) - Number(a.isPromising),
      );
      let call: Call | undefined;
      const askNext = (): void => {
        const server = servers.shift() as Server;
        const error = (reason: unknown): void => {
          const wasSent = (call?.attempts ?? 0) > 0;
          if (!wasSent && servers.length > 0 && isOutage(reason)) askNext();
          else subscriber.error(reason);
        };
        call = undefined;
        const taker = {
          next: subscriber.next.bind(subscriber),
          complete: () => subscriber.complete(),
          error,
        };
        const asked = this.#ask(server, { pattern, data }, limits, taker);
        if (!asked.isDone) call = asked;
      };
      askNext();
      return () => call?.giveUp(undefined);
    });
  }

  async clear({ namespace, model, tenant }: ClearFilter, options: CallOptions): Promise<number> {
    const message = { pattern: 'kv.clear', data: { namespace, model, tenant } };
    const removed = await this.#ofAll(message, options, (error) => {
      if (this.asker.settings.missesOutages && isOutage(error)) return { removed: 0 };
      throw error;
    });
    return removed.reduce<number>((sum, one) => sum + (one as { readonly removed: number }).removed, 0);
  }

  async status(options: CallOptions): Promise<ReadonlyMap<string, object | undefined>> {
    const answers = await this.#ofAll({ pattern: 'kv.status', data: {} }, options, (error) => {
      if (isOutage(error)) return undefined;
      throw error;
    });
    const { servers } = this.asker.cluster;
    return new Map(
      answers.map((answer, i) => [(servers[i] as Server).address.name, answer as object | undefined]),
    );
  }

  events(types: readonly ChunkEvent['type'][]): Observable<CacheEvent> {
    return merge(...this.asker.cluster.servers.map((server) => this.#eventsOf(server, types)));
  }

  #eventsOf(server: Server, types: readonly ChunkEvent['type'][]): Observable<CacheEvent> {
    const message = { pattern: 'kv.events', data: types.length === 0 ? {} : { types } };
    return new Observable((subscriber) => {
      let failures = 0;
      let call: Call | undefined;
      let timer: NodeJS.Timeout | undefined;
      const again = (): void => {
        if (!subscriber.closed)
          timer = setTimeout(listen, backOffMs(failures++, this.asker.settings.reconnect));
      };
      const listen = (): void => {
        call = this.#ask(
          server,
          message,
          { timeoutMs: 0 },
          {
            next: (event) => {
              failures = 0;
              subscriber.next(event as CacheEvent);
            },
            complete: again,
            error: (error) => (isPassing(error) ? again() : subscriber.error(error)),
          },
        );
      };
      listen();
      return () => {
        clearTimeout(timer);
        call?.giveUp(undefined);
      };
    });
  }

  #ofAll(
    message: Message,
    options: CallOptions,
    onError: (error: unknown) => unknown,
  ): Promise<readonly unknown[]> {
    const limits = this.asker.limits(options);
    return Promise.all(
      this.asker.cluster.servers.map((server) => {
        const answer = new Observable((subscriber) => {
          this.#ask(server, message, limits, subscriber);
        });
        return firstValueFrom(answer).catch(onError);
      }),
    );
  }

  #ask(server: Server, message: Message, limits: CallLimits, taker: ValueTaker): Call {
    const request = makeJsonRequest({ pattern: PATTERNS.NAMED, isIdempotent: false }, message);
    return this.asker.cluster.ask(server, 'control', request, limits, replyTo(taker));
  }
}

function replyTo(taker: ValueTaker): ReplyTaker {
  return {
    onReply: (header) => {
      if (header.length > 0) taker.next((JSON.parse(header.toString()) as { readonly data?: unknown }).data);
      return undefined;
    },
    onEnd: () => taker.complete(),
    onError: (error) => taker.error(error),
  };
}

/** A stream of events goes on after this. */
function isPassing(error: unknown): boolean {
  return isOutage(error) || isKvError(error, 'KV_TCP_SLOW_READER');
}
