import { type Observable } from 'rxjs';
import { type FlowContext } from '../../reply-flow.interface.js';

/** Who asks. */
export interface Caller extends FlowContext {
  /** Address of the client. */
  readonly peer: string;
}

/** What answers patterns by their names. */
export interface NamedPatterns {
  /** Cold. Fails with KV_TCP_PATTERN when nobody answers this pattern. */
  ask(pattern: unknown, data: unknown, caller: Caller): Observable<unknown>;
}
