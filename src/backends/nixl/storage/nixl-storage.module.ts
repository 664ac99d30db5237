import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { join } from 'node:path';
import { type Arena } from '../../../arena/arena.interface.js';
import { type ArenaSpace } from '../../../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../../../arena/arena.tokens.js';
import { type Clock } from '../../../common/clock.js';
import { CLOCK } from '../../../common/common.tokens.js';
import {
  KVNEST_CONFIG,
  type KvnestConfig,
  type TierConfig,
} from '../../../config/kvnest-config.interface.js';
import { readOptions } from '../../../config/read-options.js';
import {
  type AdmissionPolicyLookup,
  type BackendDefinition,
  type EvictionPolicyLookup,
} from '../../backend-definition.interface.js';
import { ADMISSION_POLICIES, EVICTION_POLICIES, getBackendToken } from '../../backends.tokens.js';
import { MediumBackend } from '../../medium/medium.backend.js';
import { NixlFileAgent } from '../agent/file-agent.js';
import { NixlFileMedium } from './nixl-file.medium.js';
import { NixlStorageOptions } from './nixl-storage.config.js';

const TYPE = 'nixl_storage';

/** Provides the backend of one tier whose chunks lie in files that NIXL reads and writes. */
@Module({})
export class NixlStorageModule {
  static register({ name, capacityBytes, policy, admission, path, options }: TierConfig): DynamicModule {
    const { nixl_backend, nixl_path, nixl_pool_size } = readOptions(NixlStorageOptions, name, options);
    const token = getBackendToken(name);
    return {
      module: NixlStorageModule,
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
            new MediumBackend({
              name,
              type: TYPE,
              capacityBytes,
              medium: new NixlFileMedium({
                path: nixl_path ?? path ?? join(dataDir, name),
                maxOpenFiles: nixl_pool_size,
                start: () => NixlFileAgent.start({ region: arena.buffer, plugin: nixl_backend }),
              }),
              policy: findPolicy(policy),
              admissionPolicy: findAdmission(admission),
              arena,
              space,
              clock,
              logger: new Logger(TYPE),
            }),
        },
      ],
      exports: [token],
    };
  }
}

export const nixlStorageBackend: BackendDefinition = {
  type: TYPE,
  register: (tier) => NixlStorageModule.register(tier),
};
