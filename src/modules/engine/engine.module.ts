import { type DynamicModule, Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { ARENA } from '../../arena/arena.tokens.js';
import { AdmissionGate, MIN_PENDING_BYTES } from '../../common/admission-gate.js';
import { type Clock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { KVNEST_CONFIG, type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { createTokenHasher } from '../../protocols/token-hash/token-hasher.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { TIER_STACK } from '../tiers/tiers.tokens.js';
import { CACHE_ENGINE } from './cache-engine.interface.js';
import { TieredCacheEngine } from './cache-engine.js';
import { PrefixChunker } from './chunking/prefix-chunker.js';

/** Refuses puts from the first moment of a shutdown on. */
@Injectable()
class EngineDrain implements OnModuleDestroy {
  constructor(@Inject(CACHE_ENGINE) private readonly engine: TieredCacheEngine) {}

  onModuleDestroy(): void {
    this.engine.beginDrain();
  }
}

/** Builds the engine from the configuration and what the tiers provide. */
export async function createEngine(
  config: KvnestConfig,
  arena: Arena,
  stack: TierStack,
  clock: Clock,
): Promise<TieredCacheEngine> {
  return new TieredCacheEngine({
    config,
    arena,
    stack,
    clock,
    gate: new AdmissionGate(config.maxPendingBytes, config.admissionTimeoutMs, MIN_PENDING_BYTES),
    chunker: new PrefixChunker(config, await createTokenHasher(config)),
  });
}

@Module({})
export class EngineModule {
  /** @param tiers the module that exports TIER_STACK. */
  static forRoot(tiers: DynamicModule): DynamicModule {
    return {
      module: EngineModule,
      global: true,
      imports: [tiers],
      providers: [
        {
          provide: CACHE_ENGINE,
          inject: [KVNEST_CONFIG, ARENA, TIER_STACK, CLOCK],
          useFactory: createEngine,
        },
        EngineDrain,
      ],
      exports: [CACHE_ENGINE],
    };
  }
}
