import { clientBuffer, clientProtocol } from '../client-errors.js';
import { crc32c } from '../../common/crc32c.js';
import { readGetAnswer } from '../../protocols/kvnest-tcp/replies.js';
import { type StoredValue } from '../kvnest-client.interface.js';
import { BufferSink, type BodySink } from '../wire/body-sink.js';
import { type ReplyTaker } from '../wire/call.js';
import { type ServerHello } from '../wire/hello.js';

/** The two ends of a promise, and what an error may be turned into. */
export interface Settler<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** An answer of one frame without a body. */
export class HeaderReply<T> implements ReplyTaker {
  #answer: { readonly value: T } | undefined;

  constructor(
    private readonly settler: Settler<T>,
    private readonly decode: (header: Buffer, hello: ServerHello) => T,
  ) {}

  onReply(header: Buffer, _bodyBytes: number, hello: ServerHello): undefined {
    this.#answer = { value: this.decode(header, hello) };
  }

  onEnd(): void {
    this.settler.resolve((this.#answer as { readonly value: T }).value);
  }

  onError(error: unknown): void {
    this.settler.reject(error);
  }
}

/** The value of one key, in a buffer of its own or in the caller's. */
export class ValueReply implements ReplyTaker {
  #value: Uint8Array | undefined;
  #checksum = 0;
  #tooLongBytes = 0;

  constructor(
    private readonly settler: Settler<Uint8Array | undefined>,
    private readonly into: Uint8Array | undefined,
    private readonly verifies: boolean,
  ) {}

  onReply(header: Buffer, bodyBytes: number): BodySink | undefined {
    const { found, checksum } = readGetAnswer(header);
    if (!found) return undefined;
    const { into } = this;
    if (into !== undefined && into.length < bodyBytes) {
      this.#tooLongBytes = bodyBytes;
      return undefined;
    }
    this.#checksum = checksum;
    this.#value = into === undefined ? Buffer.allocUnsafeSlow(bodyBytes) : into.subarray(0, bodyBytes);
    return new BufferSink(this.#value);
  }

  onRestart(): void {
    this.#value = undefined;
    this.#tooLongBytes = 0;
  }

  onEnd(): void {
    const { into } = this;
    if (into !== undefined && this.#tooLongBytes > 0)
      this.settler.reject(clientBuffer(this.#tooLongBytes, into.length));
    else this.settler.resolve(this.#isDamaged() ? undefined : this.#value);
  }

  onError(error: unknown): void {
    this.settler.reject(error);
  }

  #isDamaged(): boolean {
    return this.verifies && this.#value !== undefined && crc32c(this.#value) !== this.#checksum;
  }
}

/** The values of several keys, in their order. */
export class ValuesReply implements ReplyTaker {
  #values: (StoredValue | undefined)[] = [];

  constructor(
    private readonly settler: Settler<readonly (StoredValue | undefined)[]>,
    private readonly count: number,
    private readonly verifies: boolean,
  ) {}

  onReply(header: Buffer, bodyBytes: number): BodySink | undefined {
    const { found, checksum, metadata, loss } = readGetAnswer(header);
    if (this.#values.length === this.count) throw new Error(`more answers than ${this.count} keys`);
    if (!found) {
      this.#values.push(undefined);
      return undefined;
    }
    const bytes = Buffer.allocUnsafeSlow(bodyBytes);
    this.#values.push({ bytes, metadata: Buffer.from(metadata), checksum, ...(loss && { loss }) });
    return new BufferSink(bytes);
  }

  onBody(): void {
    const value = this.#values.at(-1);
    if (this.verifies && value !== undefined && crc32c(value.bytes) !== value.checksum)
      this.#values[this.#values.length - 1] = undefined;
  }

  onRestart(): void {
    this.#values = [];
  }

  onEnd(): void {
    const { length } = this.#values;
    if (length === this.count) this.settler.resolve(this.#values);
    else this.settler.reject(clientProtocol('A server', `${length} answers for ${this.count} keys`));
  }

  onError(error: unknown): void {
    this.settler.reject(error);
  }
}
