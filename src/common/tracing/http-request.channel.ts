import { channel } from 'node:diagnostics_channel';

/** One answered request. */
export interface HttpRequestMessage {
  readonly method: string;
  /** The route's pattern, `unknown` when none matched. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Published after each reply, when somebody listens. */
export const httpRequestChannel = channel('kvnest:http.request');
