import { type Arena } from '../../arena/arena.interface.js';
import { type AdmissionGate } from '../../common/admission-gate.js';
import { type Clock } from '../../common/clock.js';
import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { type PrefixChunker } from './chunking/prefix-chunker.js';

/** What the engine is made of. */
export interface CacheEngineParts {
  readonly config: Pick<
    KvnestConfig,
    | 'chunkTokens'
    | 'keyFormat'
    | 'hashAlgorithm'
    | 'leaseMs'
    | 'pinTimeoutMs'
    | 'readAheadChunks'
    | 'maxReadAheadBytes'
    | 'prefetch'
  >;
  readonly arena: Arena;
  readonly clock: Clock;
  readonly stack: TierStack;
  readonly gate: AdmissionGate;
  readonly chunker: PrefixChunker;
}
