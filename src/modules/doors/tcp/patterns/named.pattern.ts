import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { type Caller } from './named-patterns.interface.js';
import { jsonHeader, slowReader } from '../tcp-errors.js';
import { type TcpRequest } from '../tcp-request.js';
import { type PatternContext, type PatternHandler } from './pattern.interface.js';

export const namedPattern: PatternHandler = (request, header, _, context) => {
  const { pattern, data } = jsonHeader(header);
  if (pattern === undefined) throw frameError('a request without a pattern');
  const answer = new NamedAnswer(request, context);
  const subscription = context.named.ask(pattern, data, callerOf(context)).subscribe({
    next: (value) => answer.next(value),
    complete: () => answer.complete(),
    error: (error: unknown) => answer.fail(error),
  });
  if (request.ended) subscription.unsubscribe();
  else request.onAbort(() => subscription.unsubscribe());
  return undefined;
};

function callerOf({ peer, backlog }: PatternContext): Caller {
  return {
    peer,
    replyFlow: {
      get isBehind() {
        return backlog.isFull;
      },
    },
  };
}

/** The values of an answer as frames: one alone ends it, as soon as it is known to be alone. */
class NamedAnswer {
  #isFirst = true;
  #held: { readonly value: unknown } | undefined;

  constructor(
    private readonly request: TcpRequest,
    private readonly context: PatternContext,
  ) {}

  next(value: unknown): void {
    if (this.request.ended) return;
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#held = { value };
      queueMicrotask(() => this.#release());
      return;
    }
    this.#release();
    this.#stream(value);
  }

  /** An answer that is alone waits until the client has read enough. */
  complete(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) this.request.reply(undefined, { end: true });
    else this.request.whenRoom(() => this.#send(held.value, true));
  }

  fail(error: unknown): void {
    this.#release();
    this.request.fail(error);
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#stream(held.value);
  }

  /** A stream does not wait: what makes its values may not be able to. */
  #stream(value: unknown): void {
    if (this.context.backlog.isOverfull) this.request.fail(slowReader());
    else this.#send(value, false);
  }

  #send(value: unknown, end: boolean): void {
    try {
      this.request.replyJson({ data: value }, { end });
    } catch (error) {
      this.request.fail(error);
    }
  }
}
