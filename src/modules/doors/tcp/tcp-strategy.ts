import { BaseRpcContext, type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { from, mergeMap, Observable } from 'rxjs';
import { type Caller, type NamedPatterns } from './patterns/named-patterns.interface.js';
import { type FlowContext, type ReplyFlow } from '../reply-flow.interface.js';
import { patternError } from './tcp-errors.js';

/** By this a handler can be bound to this transport alone: `@MessagePattern('mine', TCP_TRANSPORT)`. */
export const TCP_TRANSPORT = Symbol.for('kvnest:Transport:tcp');

/** What a handler can inject with `@Ctx()`. */
export class TcpCallContext extends BaseRpcContext<[Caller, string]> implements FlowContext {
  /** Address of the client. */
  getPeer(): string {
    return this.args[0].peer;
  }

  getPattern(): string {
    return this.args[1];
  }

  get replyFlow(): ReplyFlow {
    return this.args[0].replyFlow;
  }
}

/** Nest's side of the door: it knows the handlers of messages. The door listens, and ends, by itself. */
export class TcpStrategy extends Server implements CustomTransportStrategy, NamedPatterns {
  override readonly transportId = TCP_TRANSPORT;
  #isReady!: () => void;
  /** The door listens a moment before Nest has told all handlers. */
  readonly #ready = new Promise<void>((resolve) => (this.#isReady = resolve));

  /** @param server what `unwrap` gives. */
  constructor(private readonly server: object) {
    super();
  }

  override listen(callback: () => void): void {
    this.#isReady();
    callback();
  }

  override close(): void {
    // The door has drained and closed in the hooks of its module.
  }

  /** Nest's events of a transport; this one has none. */
  override on(): this {
    return this;
  }

  /** The door, which is of whatever type the caller says. */
  override unwrap(): never {
    return this.server as never;
  }

  ask(pattern: unknown, data: unknown, caller: Caller): Observable<unknown> {
    return from(this.#ready).pipe(mergeMap(() => this.#ask(pattern, data, caller)));
  }

  #ask(pattern: unknown, data: unknown, caller: Caller): Observable<unknown> {
    const text = this.getPatternAsString(pattern);
    const handler = this.getHandlerByPattern(text);
    if (handler === null) throw patternError(text);
    const context = new TcpCallContext([caller, text]);
    return new Observable((subscriber) => {
      this.runWithProcessingHooks(context, async (end) => {
        subscriber.add(end);
        try {
          const answers$: Observable<unknown> = this.transformToObservable(await handler(data, context));
          subscriber.add(answers$.subscribe(subscriber));
        } catch (error) {
          subscriber.error(error);
        }
      });
    });
  }
}
