import { decodeLmRequest, LM_COMMANDS, LM_REQUEST_BYTES, type LmRequest } from './lm-message.js';
import { LmStreamParser } from './lm-stream-parser.js';

export interface LmRequestEvent extends LmRequest {
  readonly kind: 'request';
}

/** What a client sends, as a server reads it. A body follows each PUT, be it empty. */
export class LmRequestParser extends LmStreamParser<LmRequestEvent> {
  constructor() {
    super(LM_REQUEST_BYTES);
  }

  protected decode(header: Buffer): LmRequestEvent | string {
    const request = decodeLmRequest(header);
    return typeof request === 'string' ? request : { kind: 'request', ...request };
  }

  protected hasBody({ command }: LmRequestEvent): boolean {
    return command === LM_COMMANDS.PUT;
  }
}
