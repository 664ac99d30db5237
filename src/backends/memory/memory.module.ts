import { type DynamicModule, Module } from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../../arena/arena.tokens.js';
import { type Clock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { type TierConfig } from '../../config/kvnest-config.interface.js';
import {
  type AdmissionPolicyLookup,
  type BackendDefinition,
  type EvictionPolicyLookup,
} from '../backend-definition.interface.js';
import { ADMISSION_POLICIES, EVICTION_POLICIES, getBackendToken } from '../backends.tokens.js';
import { MemoryBackend } from './memory.backend.js';

/** Provides the memory backend of one tier. */
@Module({})
export class MemoryBackendModule {
  static register({ name, capacityBytes, policy, admission }: TierConfig): DynamicModule {
    const token = getBackendToken(name);
    return {
      module: MemoryBackendModule,
      providers: [
        {
          provide: token,
          inject: [ARENA, ARENA_SPACE, CLOCK, EVICTION_POLICIES, ADMISSION_POLICIES],
          useFactory: (
            arena: Arena,
            space: ArenaSpace,
            clock: Clock,
            findPolicy: EvictionPolicyLookup,
            findAdmission: AdmissionPolicyLookup,
          ) =>
            new MemoryBackend({
              name,
              capacityBytes,
              arena,
              space,
              clock,
              policy: findPolicy(policy),
              admissionPolicy: findAdmission(admission),
            }),
        },
      ],
      exports: [token],
    };
  }
}

export const memoryBackend: BackendDefinition = {
  type: 'memory',
  register: (tier) => MemoryBackendModule.register(tier),
};
