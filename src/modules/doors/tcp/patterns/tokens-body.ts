import { endianness } from 'node:os';
import { IncomingValue } from '../../socket/incoming-value.js';
import { type TcpRequest } from '../tcp-request.js';
import { type BodyReceiver, type ExpectedValue } from './pattern.interface.js';

/** A body that begins with tokens; what follows them is the business of what `onTokens` returns. */
export class TokensBody implements BodyReceiver {
  #tokens: Uint32Array | undefined;
  #rest: BodyReceiver | undefined;

  /**
   * @param restBytes bytes behind the tokens.
   * @param onTokens starts the work; when it throws, the request fails and the rest is dropped.
   */
  constructor(
    private readonly request: TcpRequest,
    private readonly tokenBytes: number,
    private readonly restBytes: number,
    private readonly onTokens: (tokens: Uint32Array) => BodyReceiver | undefined,
  ) {}

  next(): ExpectedValue | undefined {
    if (this.#tokens === undefined) {
      const { tokenBytes } = this;
      return { lengthBytes: tokenBytes, room: () => IncomingValue.intoHeap(tokenBytes) };
    }
    return this.#rest?.next();
  }

  take(value: IncomingValue): void {
    if (this.#tokens !== undefined) {
      this.#rest?.take(value);
      return;
    }
    const bytes = value.collected;
    this.#tokens = bytes === undefined ? new Uint32Array(0) : tokensOf(bytes);
    value[Symbol.dispose]();
    try {
      if (bytes === undefined) throw new Error(`the tokens did not come: ${value.dropped ?? 'internal'}`);
      this.#rest = this.request.ended ? undefined : this.onTokens(this.#tokens);
    } catch (error) {
      this.request.fail(error);
    }
    if (this.restBytes > 0) this.#rest ??= new DroppedBody(this.restBytes);
  }
}

/** A body that nobody wants. */
export class DroppedBody implements BodyReceiver {
  #isDropped = false;

  constructor(private readonly lengthBytes: number) {}

  next(): ExpectedValue | undefined {
    const { lengthBytes } = this;
    if (this.#isDropped) return undefined;
    return { lengthBytes, room: () => IncomingValue.toNowhere(lengthBytes, 'rejected') };
  }

  take(value: IncomingValue): void {
    this.#isDropped = true;
    value[Symbol.dispose]();
  }
}

/** @param bytes of a buffer of their own; little-endian, whatever this machine is. */
function tokensOf(bytes: Buffer): Uint32Array {
  if (endianness() === 'BE') bytes.swap32();
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / Uint32Array.BYTES_PER_ELEMENT);
}
