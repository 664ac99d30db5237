import { type EngineCounters } from './cache-engine.interface.js';
import { type RefusalReason } from './object-store.interface.js';

/** The engine's counters since its start, as plain numbers that doors and metrics read. */
export class MutableEngineCounters implements EngineCounters {
  lookups = 0;
  lookupTokens = 0;
  hitTokens = 0;
  gets = 0;
  hits = 0;
  misses = 0;
  busyReads = 0;
  corruptReads = 0;
  puts = 0;
  stored = 0;
  readonly refused: Record<RefusalReason, number> = {
    'too-large': 0,
    busy: 0,
    draining: 0,
    rejected: 0,
    failed: 0,
    exists: 0,
  };
  bytesIn = 0;
  bytesOut = 0;
  deletes = 0;
}
