import { type EvictionPolicyFactory } from '../../../backends/eviction-policy.interface.js';
import { OneQueuePolicy } from './structures/one-queue-policy.js';

/** Gives up what is there for the longest time, read or not. */
export class FifoPolicy extends OneQueuePolicy {
  constructor() {
    super('fifo', { victims: 'oldest', readMoves: false });
  }
}

export const fifoPolicy: EvictionPolicyFactory = { name: 'fifo', create: () => new FifoPolicy() };
