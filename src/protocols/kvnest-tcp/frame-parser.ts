import { type KvError } from '../../common/errors/kv-error.js';
import { frameError, FRAME_PREFIX_BYTES, type FramePrefix, PREAMBLE, readFramePrefix } from './frame.js';

/** A frame whose header is complete. Its body, if it has one, follows. */
export interface FrameEvent {
  readonly kind: 'frame';
  readonly prefix: FramePrefix;
  /** Valid until the next call of `push`, where it is a view of the buffer that was pushed. */
  readonly header: Buffer;
}

/** The stream cannot be understood any more: say so, and close the connection. */
export interface FrameProtocolError {
  readonly kind: 'protocol-error';
  readonly error: KvError;
}

export interface FrameParserOptions {
  /** Whether the preamble comes first, as on the server's side. */
  readonly expectPreamble: boolean;
  /** Longest header taken. */
  readonly maxHeaderBytes: (prefix: FramePrefix) => number;
}

/**
 * Finds the frames in a stream that may be cut anywhere.
 *
 * ```ts
 * const event = parser.push(buffer, at, end);
 * at = parser.position;
 * ```
 *
 * Each call of `push` ends at the first event. Where the frame has a body, its bytes are the caller's: first those from
 * `position` on in the buffer, then whatever the socket brings. When it has all of them it calls `endBody()` and goes on
 * with `push`. Never throws for bad input.
 */
export class FrameParser {
  /** Offset in the buffer last pushed of the first byte that was not consumed. */
  position = 0;
  readonly #options: FrameParserOptions;
  readonly #prefixBytes = Buffer.alloc(FRAME_PREFIX_BYTES);
  #filled = 0;
  #prefix: FramePrefix | undefined;
  #header: Buffer | undefined;
  #state: 'preamble' | 'frame' | 'body' | 'failed';
  #failure: FrameProtocolError | undefined;

  constructor(options: FrameParserOptions) {
    this.#options = options;
    this.#state = options.expectPreamble ? 'preamble' : 'frame';
  }

  /** Whether the stream stands between two frames. */
  get isIdle(): boolean {
    return this.#state === 'frame' && this.#prefix === undefined && this.#filled === 0;
  }

  push(buffer: Buffer, start: number, end: number): FrameEvent | FrameProtocolError | undefined {
    this.position = start;
    if (this.#state === 'body') throw frameError('push() before endBody()');
    try {
      if (this.#state === 'preamble') this.#readPreamble(buffer, end);
      if (this.#state === 'frame') return this.#readFrame(buffer, end);
    } catch (error) {
      this.#state = 'failed';
      this.#failure = { kind: 'protocol-error', error: error as KvError };
    }
    this.position = end;
    return this.#failure;
  }

  /** The caller has taken all bytes of the body. */
  endBody(): void {
    this.#state = 'frame';
  }

  #readPreamble(buffer: Buffer, end: number): void {
    while (this.#filled < PREAMBLE.length && this.position < end) {
      if (buffer[this.position] !== PREAMBLE[this.#filled])
        throw frameError('a client that does not begin with KVN1');
      this.position++;
      this.#filled++;
    }
    if (this.#filled < PREAMBLE.length) return;
    this.#filled = 0;
    this.#state = 'frame';
  }

  #readFrame(buffer: Buffer, end: number): FrameEvent | undefined {
    this.#prefix ??= this.#readPrefix(buffer, end);
    const prefix = this.#prefix;
    if (prefix === undefined) return undefined;
    const header = this.#readHeader(buffer, end, prefix.headerBytes);
    if (header === undefined) return undefined;
    this.#prefix = undefined;
    if (prefix.bodyBytes > 0) this.#state = 'body';
    return { kind: 'frame', prefix, header };
  }

  #readPrefix(buffer: Buffer, end: number): FramePrefix | undefined {
    const prefix = this.#wholePrefix(buffer, end);
    if (prefix === undefined) return undefined;
    const max = this.#options.maxHeaderBytes(prefix);
    if (prefix.headerBytes > max)
      throw frameError(`a header of ${prefix.headerBytes} bytes, more than ${max}`);
    return prefix;
  }

  #wholePrefix(buffer: Buffer, end: number): FramePrefix | undefined {
    if (this.#filled === 0 && end - this.position >= FRAME_PREFIX_BYTES) {
      const prefix = readFramePrefix(buffer, this.position);
      this.position += FRAME_PREFIX_BYTES;
      return prefix;
    }
    const missing = FRAME_PREFIX_BYTES - this.#filled;
    const taken = buffer.copy(
      this.#prefixBytes,
      this.#filled,
      this.position,
      Math.min(end, this.position + missing),
    );
    this.#filled += taken;
    this.position += taken;
    if (this.#filled < FRAME_PREFIX_BYTES) return undefined;
    this.#filled = 0;
    return readFramePrefix(this.#prefixBytes);
  }

  /** A header that came in one piece is not copied. */
  #readHeader(buffer: Buffer, end: number, headerBytes: number): Buffer | undefined {
    const available = end - this.position;
    if (this.#header === undefined && available >= headerBytes) {
      const header = buffer.subarray(this.position, this.position + headerBytes);
      this.position += headerBytes;
      return header;
    }
    if (available === 0) return undefined;
    this.#header ??= Buffer.allocUnsafeSlow(headerBytes);
    const taken = Math.min(available, headerBytes - this.#filled);
    buffer.copy(this.#header, this.#filled, this.position, this.position + taken);
    this.#filled += taken;
    this.position += taken;
    if (this.#filled < headerBytes) return undefined;
    const header = this.#header;
    this.#header = undefined;
    this.#filled = 0;
    return header;
  }
}
