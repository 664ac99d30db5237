import { type DynamicModule, Module } from '@nestjs/common';
import { type TierConfig } from '../config/kvnest-config.interface.js';
import { type BackendDefinition } from './backend-definition.interface.js';
import { BACKENDS, getBackendToken } from './backends.tokens.js';
import { type StorageBackend } from './storage-backend.interface.js';

/** One dynamic module per tier of the configuration, and the list of all backends in its order. */
@Module({})
export class BackendsModule {
  static forRoot(tiers: readonly TierConfig[], definitions: readonly BackendDefinition[]): DynamicModule {
    const modules = tiers.flatMap((tier) => {
      const definition = definitions.find(({ type }) => type === tier.type);
      return definition === undefined ? [] : [definition.register(tier)];
    });
    return {
      module: BackendsModule,
      imports: modules,
      providers: [
        {
          provide: BACKENDS,
          inject: tiers.map(({ name }) => getBackendToken(name)),
          useFactory: (...backends: StorageBackend[]) => backends,
        },
      ],
      exports: [BACKENDS, ...modules],
    };
  }
}
