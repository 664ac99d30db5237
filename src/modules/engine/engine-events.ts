import { Observable, type Subscriber } from 'rxjs';
import {
  evictedChannel,
  type EvictedEvent,
  hitChannel,
  type HitEvent,
  missChannel,
  type MissEvent,
  storedChannel,
  type StoredEvent,
} from '../../common/tracing/engine-event.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** Something that happened to a chunk. */
export type EngineEvent = (StoredEvent | HitEvent | MissEvent | EvictedEvent) & {
  /** Model and tenant: `describeKey(key)`; text: `String(key)`. */
  readonly key: ChunkKey;
};

export type EngineEventType = EngineEvent['type'];

const CHANNELS = {
  stored: storedChannel,
  hit: hitChannel,
  miss: missChannel,
  evicted: evictedChannel,
} as const satisfies Record<EngineEventType, unknown>;

const ALL = Object.keys(CHANNELS) as readonly EngineEventType[];

/**
 * What happens to chunks in this process, of the given types, or of all, in the order in which it happened. Hot, without
 * errors and without an end; what nobody subscribes to costs nothing. Events arrive when the engine has finished what it
 * was doing, so that a subscriber may call it.
 */
export function engineEvents<T extends EngineEventType = EngineEventType>(
  ...types: readonly T[]
): Observable<Extract<EngineEvent, { readonly type: T }>> {
  const wanted: readonly EngineEventType[] = types.length === 0 ? ALL : [...new Set(types)];
  return new Observable<Extract<EngineEvent, { readonly type: T }>>((subscriber) => {
    const deliver = delivery(subscriber);
    const stops = wanted.map((type) =>
      CHANNELS[type].subscribe((event) => deliver(event as Extract<EngineEvent, { readonly type: T }>)),
    );
    return () => stops.forEach((stop) => stop());
  });
}

/** Hands events on in a microtask: all that have come by then in one, for a busy engine makes thousands in a turn. */
function delivery<E>(subscriber: Subscriber<E>): (event: E) => void {
  let waiting: E[] = [];
  const flush = (): void => {
    const events = waiting;
    waiting = [];
    for (const event of events) subscriber.next(event);
  };
  return (event) => {
    if (waiting.push(event) === 1) queueMicrotask(flush);
  };
}
