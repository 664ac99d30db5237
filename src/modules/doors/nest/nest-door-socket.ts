import { type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { JsonSocket } from '@nestjs/microservices';

export interface NestDoorSocketOptions {
  /** Longest message, in the UTF-16 units that Nest counts. */
  readonly maxMessageLength: number;
  /** A message, or a client that is to read its answers, that makes no progress for so long costs the connection. */
  readonly stallTimeoutMs: number;
  /** A message was too long; its id, where it stands at the end. */
  readonly onTooLong: (id: string | undefined) => void;
}

const DELIMITER = '#';
/** Longest number in front of a message. */
const MAX_PREFIX_LENGTH = 16;
/** Where Nest's clients write the id of a message. */
const ID_AT_END = /"id":"([^"\\]{1,64})"\}$/;
const TAIL_LENGTH = 128;

/**
 * Nest's framing of JSON, `<length>#<message>`. A message that is too long is read over, so that it can be answered: Nest itself
 * would close the connection without a word. All others are `JsonSocket`'s.
 */
export class NestDoorSocket extends JsonSocket {
  readonly #options: NestDoorSocketOptions;
  readonly #decoder = new StringDecoder();
  /** The number in front of a message, as far as it has come. */
  #prefix = '';
  /** What is still to come of the message. */
  #missing = 0;
  #tooLong = false;
  /** The end of what was read over. */
  #tail = '';

  constructor(socket: Socket, options: NestDoorSocketOptions) {
    super(socket, {
      // What is longer never gets there.
      maxBufferSize: 2 * (options.maxMessageLength + MAX_PREFIX_LENGTH),
      incompleteMessageTimeout: options.stallTimeoutMs,
    });
    this.#options = options;
    socket.setTimeout(options.stallTimeoutMs, () => {
      if (this.#isIncomplete || socket.writableLength > 0) socket.destroy();
    });
  }

  protected override handleData(data: Buffer | string): void {
    let text = typeof data === 'string' ? data : this.#decoder.write(data);
    while (text.length > 0) {
      const taken = this.#missing === 0 ? this.#readPrefix(text) : this.#readMessage(text);
      text = text.slice(taken);
    }
  }

  /** Who sends what is no message does not wait for a good end. */
  protected override handleDataError(error: unknown): void {
    super.handleDataError(error, { destroy: true });
  }

  get #isIncomplete(): boolean {
    return this.#missing > 0 || this.#prefix !== '';
  }

  /** @returns how much of the text it was. */
  #readPrefix(text: string): number {
    const end = text.indexOf(DELIMITER);
    const taken = end === -1 ? text.length : end + DELIMITER.length;
    this.#prefix += text.slice(0, taken);
    if (end === -1 && this.#prefix.length <= MAX_PREFIX_LENGTH) return taken;
    const prefix = this.#prefix;
    this.#prefix = '';
    const length = /^\d{1,15}#$/.test(prefix) ? Number.parseInt(prefix, 10) : 0;
    // An error that JsonSocket has a name for, and closes the connection with.
    if (length === 0) super.handleData(`?${DELIMITER}`);
    this.#missing = length;
    this.#tooLong = length > this.#options.maxMessageLength;
    if (!this.#tooLong) super.handleData(prefix);
    return taken;
  }

  #readMessage(text: string): number {
    const part = text.slice(0, this.#missing);
    this.#missing -= part.length;
    if (!this.#tooLong) {
      super.handleData(part);
      return part.length;
    }
    this.#tail = (this.#tail + part).slice(-TAIL_LENGTH);
    if (this.#missing === 0) {
      const id = ID_AT_END.exec(this.#tail)?.[1];
      this.#tail = '';
      this.#options.onTooLong(id);
    }
    return part.length;
  }
}
