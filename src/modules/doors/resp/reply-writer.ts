import { type ArenaHandle } from '../../../arena/arena.interface.js';
import {
  arrayHeader,
  bulkHeader,
  bulkReply,
  encodeReply,
  errorReply,
  integerReply,
  nullReply,
  RESP_CRLF,
  RESP_OK,
  type RespReply,
  type RespVersion,
  simpleReply,
} from '../../../protocols/resp/resp-writer.js';
import { type OutgoingReplies } from '../socket/outgoing-replies.js';
import { type RespCounters } from './resp-counters.js';

/** The replies of one connection, as Redis writes them. */
export class ReplyWriter {
  version: RespVersion = 2;

  constructor(
    private readonly out: OutgoingReplies,
    private readonly counters: RespCounters,
  ) {}

  ok(): void {
    this.out.push(RESP_OK);
  }

  null(): void {
    this.out.push(nullReply(this.version));
  }

  integer(value: number): void {
    this.out.push(integerReply(value));
  }

  simple(text: string): void {
    this.out.push(simpleReply(text));
  }

  /** @param text begins with Redis's code word: `ERR …`. */
  error(text: string): void {
    this.counters.commandErrors++;
    this.out.push(errorReply(text));
  }

  /** A small value, by copying. */
  bulk(value: Uint8Array | string): void {
    this.out.push(bulkReply(value));
  }

  /** Text for people: a verbatim string in version 3. */
  verbatim(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    if (this.version === 2) this.bulk(bytes);
    else this.out.push(Buffer.concat([Buffer.from(`=${bytes.length + 4}\r\ntxt:`), bytes, RESP_CRLF]));
  }

  arrayHeader(length: number): void {
    this.out.push(arrayHeader(length));
  }

  /** A tree of small values, by copying. */
  tree(reply: RespReply): void {
    this.out.push(encodeReply(reply, this.version));
  }

  /** A reply that is encoded already. */
  encoded(bytes: Uint8Array): void {
    this.out.push(bytes);
  }

  /** The bytes of a chunk. Takes the reference over. */
  chunk(handle: ArenaHandle): void {
    this.out.pushChunk(bulkHeader(handle.lengthBytes), handle, RESP_CRLF);
  }
}
