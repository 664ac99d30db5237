import { type Clock } from '../../../../common/clock.js';
import { type Awaitable } from '../../../../common/awaitable.js';
import { type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { type PeerOwner } from '../../../peers/peer-owner.interface.js';
import { type IncomingValue } from '../../socket/incoming-value.js';
import { type Permits } from '../permits.js';
import { type TcpCounters } from '../tcp-counters.js';
import { type TcpRequest } from '../tcp-request.js';
import { type TierNumbers } from '../tier-numbers.js';
import { type NamedPatterns } from './named-patterns.interface.js';

/** What requests of all connections share. */
export interface PatternServices {
  readonly engine: CacheEngine;
  readonly clock: Clock;
  readonly counters: TcpCounters;
  readonly tiers: TierNumbers;
  readonly named: NamedPatterns;
  readonly peers: PeerOwner;
  readonly maxValueBytes: number;
  /** Most bytes of tokens, or of a header in JSON. */
  readonly maxJsonBytes: number;
}

/** Answers that a client has not read yet. */
export interface Backlog {
  /** What is to be sent should wait. */
  readonly isFull: boolean;
  /** It must not grow any more. */
  readonly isOverfull: boolean;
}

/** What the requests of one connection share. */
export interface PatternContext extends PatternServices {
  /** Address of the client. */
  readonly peer: string;
  /** What it said in its hello that it knows. */
  readonly client: { readonly knowsLoss: boolean };
  /** Chunks that are read and wait for their turn to be sent. */
  readonly reads: Permits;
  /** Prefixes that are read: each reads ahead of itself. */
  readonly retrieves: Permits;
  /** Questions for a summary that wait for something new. */
  readonly announcements: Permits;
  /** What waits for the client, beside chunks. */
  readonly backlog: Backlog;
}

/** One value of the body of a request. */
export interface ExpectedValue {
  readonly lengthBytes: number;
  /** Where it goes. */
  readonly room: () => Awaitable<IncomingValue>;
}

/** Takes the body of a request, value by value. */
export interface BodyReceiver {
  /** What comes next; undefined when the body is complete. */
  next(): ExpectedValue | undefined;
  /** The value has come, as far as it was wanted; it belongs to the receiver. */
  take(value: IncomingValue): void;
}

/**
 * Starts the work of a request.
 *
 * @param header valid during the call only.
 * @returns what takes the body, whose length it has checked; undefined where there is to be none.
 * @throws KV_TCP_FRAME when this is not the protocol; any other error ends the request.
 */
export type PatternHandler = (
  request: TcpRequest,
  header: Buffer,
  bodyBytes: number,
  context: PatternContext,
) => BodyReceiver | undefined;
