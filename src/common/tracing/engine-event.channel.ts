import { type Channel, channel } from 'node:diagnostics_channel';

/** The key of a chunk, as far as this leaf knows it: the `ChunkKey` itself, whose text is made when it is asked for. */
export interface EventKey {
  readonly bytes: Buffer;
  readonly namespace: number;
  toString(): string;
}

interface EventOfChunk {
  readonly key: EventKey;
}

/** A tier has the chunk: one that was put, or one that was read from a tier below. */
export interface StoredEvent extends EventOfChunk {
  readonly type: 'stored';
  readonly tier: string;
  /** Length of the chunk. */
  readonly bytes: number;
}

/** A read was answered by a tier. */
export interface HitEvent extends EventOfChunk {
  readonly type: 'hit';
  readonly tier: string;
  /** Length of the chunk. */
  readonly bytes: number;
}

/** A read was answered by no tier. */
export interface MissEvent extends EventOfChunk {
  readonly type: 'miss';
  /** `busy`: it is there, and no room was found to read it into; `corrupt`: it was there, and damaged. */
  readonly reason: 'miss' | 'busy' | 'corrupt';
}

/** A tier on this machine has given the chunk up for the room. */
export interface EvictedEvent extends EventOfChunk {
  readonly type: 'evicted';
  readonly tier: string;
  /** What is free of the tier's capacity now: the length of the chunk and what it took beside. */
  readonly freedBytes: number;
}

/** One kind of event. Ask `hasSubscribers` before an event is made: without a listener nothing is to be born. */
class EngineEventChannel<E extends EventOfChunk & { readonly type: string }> {
  readonly #channel: Channel;

  constructor(type: E['type']) {
    this.#channel = channel(`kvnest:engine.${type}`);
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(event: E): void {
    this.#channel.publish(event);
  }

  /** @param listener called at once, in the middle of what the engine does. @returns what ends the subscription. */
  subscribe(listener: (event: E) => void): () => void {
    const onMessage = (message: unknown): void => listener(message as E);
    this.#channel.subscribe(onMessage);
    return () => {
      this.#channel.unsubscribe(onMessage);
    };
  }
}

export const storedChannel = new EngineEventChannel<StoredEvent>('stored');
export const hitChannel = new EngineEventChannel<HitEvent>('hit');
export const missChannel = new EngineEventChannel<MissEvent>('miss');
export const evictedChannel = new EngineEventChannel<EvictedEvent>('evicted');
