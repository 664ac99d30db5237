import { type EvictionPolicyFactory } from '../../../backends/eviction-policy.interface.js';
import { OneQueuePolicy } from './structures/one-queue-policy.js';

/** Gives up what was not read for the longest time. */
export class LruPolicy extends OneQueuePolicy {
  constructor() {
    super('lru', { victims: 'oldest', readMoves: true });
  }
}

export const lruPolicy: EvictionPolicyFactory = { name: 'lru', create: () => new LruPolicy() };
