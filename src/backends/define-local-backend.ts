import { type DynamicModule } from '@nestjs/common';
import { join } from 'node:path';
import { type Arena } from '../arena/arena.interface.js';
import { type ArenaSpace } from '../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../arena/arena.tokens.js';
import { type Clock } from '../common/clock.js';
import { CLOCK } from '../common/common.tokens.js';
import { KVNEST_CONFIG, type KvnestConfig, type TierConfig } from '../config/kvnest-config.interface.js';
import { type AdmissionPolicyFactory } from './admission-policy.interface.js';
import {
  type AdmissionPolicyLookup,
  type BackendDefinition,
  type EvictionPolicyLookup,
} from './backend-definition.interface.js';
import { ADMISSION_POLICIES, EVICTION_POLICIES, getBackendToken } from './backends.tokens.js';
import { type EvictionPolicyFactory } from './eviction-policy.interface.js';
import { type StorageBackend } from './storage-backend.interface.js';

/** What a backend is made of whose chunks lie on this machine. */
export interface LocalBackendParts {
  readonly name: string;
  readonly capacityBytes: number;
  /** The directory of the tier, which nobody has made yet. */
  readonly path: string;
  readonly policy: EvictionPolicyFactory;
  readonly admissionPolicy: AdmissionPolicyFactory;
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
}

export interface LocalBackendRecipe {
  readonly type: string;
  /** The Nest module that the backend lives in. */
  readonly module: new () => object;
  readonly create: (parts: LocalBackendParts, options: TierConfig['options']) => StorageBackend;
}

/** A definition whose module holds the backend of a tier and nothing else. */
export function defineLocalBackend({ type, module, create }: LocalBackendRecipe): BackendDefinition {
  return {
    type,
    register: ({ name, capacityBytes, policy, admission, path, options }): DynamicModule => {
      const token = getBackendToken(name);
      const provider = {
        provide: token,
        inject: [ARENA, ARENA_SPACE, CLOCK, EVICTION_POLICIES, ADMISSION_POLICIES, KVNEST_CONFIG],
        useFactory: (
          arena: Arena,
          space: ArenaSpace,
          clock: Clock,
          findPolicy: EvictionPolicyLookup,
          findAdmission: AdmissionPolicyLookup,
          { dataDir }: KvnestConfig,
        ) => {
          const policies = { policy: findPolicy(policy), admissionPolicy: findAdmission(admission) };
          const place = { name, capacityBytes, path: path ?? join(dataDir, name) };
          return create({ ...place, ...policies, arena, space, clock }, options);
        },
      };
      return { module, providers: [provider], exports: [token] };
    },
  };
}
