import { type EvictionPolicyFactory } from '../../../backends/eviction-policy.interface.js';
import { OneQueuePolicy } from './structures/one-queue-policy.js';

/** Gives up what was read last: for loops over more than fits. */
export class MruPolicy extends OneQueuePolicy {
  constructor() {
    super('mru', { victims: 'newest', readMoves: true });
  }
}

export const mruPolicy: EvictionPolicyFactory = { name: 'mru', create: () => new MruPolicy() };
