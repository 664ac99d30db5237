import { type Channel, channel } from 'node:diagnostics_channel';

/** Four 32-bit words of a key: equal for equal keys of this process, and for no others in practice. */
export interface CallKey {
  readonly d0: number;
  readonly d1: number;
  readonly d2: number;
  readonly d3: number;
}

/** Somebody asks which chunks of a prefix are there, or for all that are. */
export interface LookupCall {
  /** Four words for each key, in the order of the prefix; written over after the call. */
  readonly digests: Uint32Array;
  /** How many keys there are. */
  readonly length: number;
  /** Tokens of the whole prompt; 0 = the keys came without them. */
  readonly tokens: number;
  /** Whether it is to read what is there, too. */
  readonly reads: boolean;
}

/** Somebody has read a chunk, or tried to. */
export interface GetCall {
  readonly key: CallKey;
  /** Length of the chunk; undefined = it was not there. */
  readonly bytes: number | undefined;
}

/** Somebody has handed over a whole chunk, whatever becomes of it. */
export interface PutCall {
  readonly key: CallKey;
  readonly bytes: number;
  /** Chunks in front of it in its prefix, -1 = unknown. */
  readonly depth: number;
}

/** One kind of call of the engine. Ask `hasSubscribers` before a message is made: without a listener nothing is to be born. */
class EngineCallChannel<C> {
  readonly #channel: Channel;

  constructor(type: string) {
    this.#channel = channel(`kvnest:engine.call.${type}`);
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(call: C): void {
    this.#channel.publish(call);
  }

  /** @param listener called at once, in the middle of the call. @returns what ends the subscription. */
  subscribe(listener: (call: C) => void): () => void {
    const onMessage = (message: unknown): void => listener(message as C);
    this.#channel.subscribe(onMessage);
    return () => {
      this.#channel.unsubscribe(onMessage);
    };
  }
}

export const lookupCallChannel = new EngineCallChannel<LookupCall>('lookup');
export const getCallChannel = new EngineCallChannel<GetCall>('get');
export const putCallChannel = new EngineCallChannel<PutCall>('put');
