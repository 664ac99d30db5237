import { KvError } from '../../common/errors/kv-error.js';
import { HeaderCollector } from './header-collector.js';

/** The stream cannot be understood any more: close the connection. */
export interface LmProtocolError {
  readonly kind: 'protocol-error';
  readonly message: string;
}

/**
 * Parses one direction of `lm://`: headers of fixed length, and bodies that belong to the caller.
 *
 * ```ts
 * const event = parser.push(buffer, at, end);
 * at = parser.position;
 * ```
 *
 * Each call of `push` ends at the first event; the bytes from `position` to `end` are not looked at yet. Where the
 * event says that a body follows, its bytes are the caller's: first those from `position` on in the buffer, then
 * whatever the socket brings. When it has all of them, also of an empty body, it calls `endBody()` and goes on with
 * `push`. Never throws for bad input.
 */
export abstract class LmStreamParser<Event extends { readonly kind: string }> {
  /** Offset in the buffer last pushed of the first byte that was not consumed. */
  position = 0;
  readonly #header: HeaderCollector;
  #state: 'header' | 'body' | 'failed' = 'header';
  #error: LmProtocolError | undefined;

  constructor(headerBytes: number) {
    this.#header = new HeaderCollector(headerBytes);
  }

  /** Whether the stream stands between two messages. */
  get isIdle(): boolean {
    return this.#state === 'header' && this.#header.isEmpty;
  }

  /** Bytes that are missing of the header that comes next. */
  get missingHeaderBytes(): number {
    return this.#header.missingBytes;
  }

  /**
   * Consumes bytes up to the next event.
   *
   * @returns the event, or undefined when all bytes are consumed without one.
   * @throws KV_LM_BODY when the body before was not ended.
   */
  push(buffer: Buffer, start: number, end: number): Event | LmProtocolError | undefined {
    if (this.#state === 'body') throw outOfOrder('push() before endBody()');
    if (this.#state === 'failed') {
      this.position = end;
      return this.#error;
    }
    this.position = start + this.#header.push(buffer, start, end);
    if (this.#header.missingBytes > 0) return undefined;
    this.#header.reset();
    const event = this.decode(this.#header.bytes);
    if (typeof event === 'string') {
      this.#state = 'failed';
      this.#error = { kind: 'protocol-error', message: event };
      return this.#error;
    }
    if (this.hasBody(event)) this.#state = 'body';
    return event;
  }

  /** The caller has taken all bytes of the body. @throws KV_LM_BODY when there was none. */
  endBody(): void {
    if (this.#state !== 'body') throw outOfOrder('endBody() without a body');
    this.#state = 'header';
  }

  /** @param header valid during the call only. @returns what is wrong with it, as text, where something is. */
  protected abstract decode(header: Buffer): Event | string;
  protected abstract hasBody(event: Event): boolean;
}

function outOfOrder(what: string): KvError {
  return new KvError('KV_LM_BODY', what, { kind: 'internal' });
}
