import { type EngineEvent } from '../../../engine/engine-events.js';

/** Something that happened to a chunk. */
export interface EventJson {
  readonly type: EngineEvent['type'];
  readonly key: string;
  readonly namespace: number;
  readonly tier?: string;
  /** Length of the chunk; what is free now when it was evicted. */
  readonly bytes?: number;
  /** Of a miss. */
  readonly reason?: string;
}

/** In the place of events that the subscriber was too slow for. */
export interface LostJson {
  readonly type: 'lost';
  /** How many. */
  readonly events: number;
}

export function eventJson(event: EngineEvent): EventJson {
  const { type, key } = event;
  const common = { type, key: key.toString(), namespace: key.namespace };
  if (event.type === 'miss') return { ...common, reason: event.reason };
  if (event.type === 'evicted') return { ...common, tier: event.tier, bytes: event.freedBytes };
  return { ...common, tier: event.tier, bytes: event.bytes };
}
