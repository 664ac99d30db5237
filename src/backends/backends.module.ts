import { type DynamicModule, Module } from '@nestjs/common';
import { KvError } from '../common/errors/kv-error.js';
import { type TierConfig } from '../config/kvnest-config.interface.js';
import { type BackendDefinition } from './backend-definition.interface.js';
import { BACKENDS, getBackendToken } from './backends.tokens.js';
import { type StorageBackend } from './storage-backend.interface.js';

/** One dynamic module per tier of the configuration, and the list of all backends in its order. */
@Module({})
export class BackendsModule {
  static forRoot(tiers: readonly TierConfig[], definitions: readonly BackendDefinition[]): DynamicModule {
    const modules = tiers.map((tier) => findDefinition(tier, definitions).register(tier));
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

function findDefinition(tier: TierConfig, definitions: readonly BackendDefinition[]): BackendDefinition {
  const definition = definitions.find(({ type }) => type === tier.type);
  if (definition !== undefined) return definition;
  throw new KvError(
    'KV_CONFIG_UNKNOWN_TIER_TYPE',
    `Tier ${tier.name} is of type ${tier.type}, which nothing provides`,
    {
      kind: 'config',
      remedy: `Use one of ${definitions.map(({ type }) => type).join(', ')}, or register a backend of this type.`,
    },
  );
}
