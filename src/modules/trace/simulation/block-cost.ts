import { type Trace } from '../trace.interface.js';
import { type Capacity } from './capacity.interface.js';

/** What a block takes of a capacity. */
export function costOf(trace: Trace, block: number, { unit }: Capacity): number {
  return unit === 'blocks' ? 1 : (trace.blockBytes[block] as number);
}
