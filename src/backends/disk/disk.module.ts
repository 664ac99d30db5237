import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { join } from 'node:path';
import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../../arena/arena.tokens.js';
import { type Clock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { readOptions } from '../../config/read-options.js';
import { KVNEST_CONFIG, type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import {
  type AdmissionPolicyLookup,
  type BackendDefinition,
  type EvictionPolicyLookup,
} from '../backend-definition.interface.js';
import { ADMISSION_POLICIES, EVICTION_POLICIES, getBackendToken } from '../backends.tokens.js';
import { DiskBackend } from './disk.backend.js';
import { DiskOptions } from './disk.config.js';

/** Provides the disk backend of one tier. */
@Module({})
export class DiskBackendModule {
  static register({ name, capacityBytes, policy, admission, path, options }: TierConfig): DynamicModule {
    const token = getBackendToken(name);
    return {
      module: DiskBackendModule,
      providers: [
        {
          provide: token,
          inject: [ARENA, ARENA_SPACE, CLOCK, EVICTION_POLICIES, ADMISSION_POLICIES, KVNEST_CONFIG],
          useFactory: (
            arena: Arena,
            space: ArenaSpace,
            clock: Clock,
            findPolicy: EvictionPolicyLookup,
            findAdmission: AdmissionPolicyLookup,
            { dataDir }: KvnestConfig,
          ) =>
            new DiskBackend({
              name,
              capacityBytes,
              path: path ?? join(dataDir, name),
              policy: findPolicy(policy),
              admissionPolicy: findAdmission(admission),
              arena,
              space,
              clock,
              logger: new Logger(DiskBackend.name),
              options: readOptions(DiskOptions, name, options),
            }),
        },
      ],
      exports: [token],
    };
  }
}

export const diskBackend: BackendDefinition = {
  type: 'disk',
  register: (tier) => DiskBackendModule.register(tier),
};
