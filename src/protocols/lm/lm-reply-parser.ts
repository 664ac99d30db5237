import { decodeLmReply, LM_CODES, LM_REPLY_BYTES, type LmReply } from './lm-message.js';
import { LmStreamParser } from './lm-stream-parser.js';

export interface LmReplyEvent extends LmReply {
  readonly kind: 'reply';
}

/** What a server answers, as a client reads it. A body follows each SUCCESS that has a length. */
export class LmReplyParser extends LmStreamParser<LmReplyEvent> {
  constructor() {
    super(LM_REPLY_BYTES);
  }

  protected decode(header: Buffer): LmReplyEvent | string {
    const reply = decodeLmReply(header);
    return typeof reply === 'string' ? reply : { kind: 'reply', ...reply };
  }

  protected hasBody({ code, metadata }: LmReplyEvent): boolean {
    return code === LM_CODES.SUCCESS && metadata.lengthBytes > 0;
  }
}
