import { channel } from 'node:diagnostics_channel';

/** One call of a remote store that has ended. */
export interface RemoteCallMessage {
  readonly tier: string;
  readonly operation: string;
  /** How many chunks it named. */
  readonly keys: number;
  /** Bytes of the chunks that it sent. */
  readonly bytes: number;
  readonly seconds: number;
  /** Code of the error that it ended with. */
  readonly error: string | undefined;
}

/** Published after each call, when somebody listens. */
export const remoteCallChannel = channel('kvnest:remote.call');

/** The circuit breaker of a remote store has changed. */
export interface RemoteCircuitMessage {
  readonly tier: string;
  readonly state: 'closed' | 'open' | 'half-open';
}

export const remoteCircuitChannel = channel('kvnest:remote.circuit');
