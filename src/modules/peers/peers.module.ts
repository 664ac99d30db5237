import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { ARENA } from '../../arena/arena.tokens.js';
import { KVNEST_CONFIG, type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { TIER_STACK } from '../tiers/tiers.tokens.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { PEER_OWNER } from './peer-owner.interface.js';
import { PeerHelloController } from './peer-hello.controller.js';
import { TieredPeerOwner } from './tiered-peer-owner.js';

/** What a peer needs at most for what it reads when the server ends. */
const MAX_GRACE_MS = 2_000;

/** Ends what peers hold, while tiers and arena are still there. */
@Injectable()
class PeersLifecycle implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  #closed: Promise<void> | undefined;

  constructor(
    @Inject(PEER_OWNER) private readonly owner: TieredPeerOwner,
    @Inject(KVNEST_CONFIG) private readonly config: KvnestConfig,
  ) {}

  onModuleDestroy(): void {
    this.#closed ??= this.owner.close(Math.min(MAX_GRACE_MS, this.config.drainTimeoutMs));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.onModuleDestroy();
    await this.#closed;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.beforeApplicationShutdown();
  }
}

/** What this server does for peers that read its chunks. Needs ARENA, BOOT_ID and KVNEST_CONFIG from global modules. */
@Module({})
export class PeersModule {
  /** @param tiers the module that exports TIER_STACK. */
  static forRoot(tiers: DynamicModule): DynamicModule {
    return {
      module: PeersModule,
      global: true,
      imports: [tiers],
      controllers: [PeerHelloController],
      providers: [
        {
          provide: PEER_OWNER,
          inject: [ARENA, TIER_STACK],
          useFactory: (arena: Arena, stack: TierStack) => new TieredPeerOwner({ arena, stack }),
        },
        PeersLifecycle,
      ],
      exports: [PEER_OWNER],
    };
  }
}
