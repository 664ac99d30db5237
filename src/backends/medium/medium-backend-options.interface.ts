import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { type Clock } from '../../common/clock.js';
import { type AdmissionPolicyFactory } from '../admission-policy.interface.js';
import { type EvictionPolicyFactory } from '../eviction-policy.interface.js';
import { type ChunkMedium, type FillingMedium } from './chunk-medium.interface.js';

export interface MediumBackendOptions {
  /** Instance name, unique in the stack. */
  readonly name: string;
  readonly type: string;
  readonly medium: ChunkMedium | FillingMedium;
  /** Headers included. */
  readonly capacityBytes: number;
  readonly policy: EvictionPolicyFactory;
  /** Absent: every chunk is taken. */
  readonly admissionPolicy?: AdmissionPolicyFactory;
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
  readonly logger: { warn(message: string): void };
}
