import { type Awaitable } from '../../../../common/awaitable.js';
import { type IncomingValue } from '../../socket/incoming-value.js';
import { type ReplyWriter } from '../reply-writer.js';
import { type RespDoorServices } from '../resp-door-services.js';
import { type RespSession } from '../resp-session.js';

/** One command of one connection, with what it may use. The object is reused: nobody keeps it. */
export interface CommandCall {
  /** The name first. */
  readonly args: readonly Buffer[];
  readonly session: RespSession;
  readonly reply: ReplyWriter;
  readonly services: RespDoorServices;
  /** The value of `SET`, when it was too long to be an argument. */
  readonly body: IncomingValue | undefined;
  /** Hands collected replies to the client, and waits until it has read enough of them. */
  drained(): Awaitable<void>;
}

/** What the client gets when something failed inside: these commands must not answer with an error. */
export type FailureAnswer = 'ok' | 'null' | 'zero' | 'error';

export interface RespCommandDefinition {
  /** In upper case. */
  readonly name: string;
  /** Number of arguments, the name included; negative = at least. As in Redis's command table. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** Positions of the first and last key and the step between keys, as in Redis; all 0 = none. */
  readonly keys: readonly [first: number, last: number, step: number];
  /** Allowed before AUTH. */
  readonly noAuth?: boolean;
  /** Default `error`. */
  readonly onFailure?: FailureAnswer;
  /** Writes exactly one reply. */
  run(call: CommandCall): Awaitable<void>;
}

export const NO_KEYS = [0, 0, 0] as const;
export const ONE_KEY = [1, 1, 1] as const;
export const ALL_KEYS = [1, -1, 1] as const;
