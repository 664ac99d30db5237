import { randomUUID } from 'node:crypto';
import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ArenaModule } from './arena/arena.module.js';
import { ADMISSION_POLICIES, EVICTION_POLICIES } from './backends/backends.tokens.js';
import { BackendsModule } from './backends/backends.module.js';
import { type BackendDefinition } from './backends/backend-definition.interface.js';
import { backendsCatalog } from './backends/backends.catalog.js';
import { systemClock } from './common/clock.js';
import { BOOT_ID, CLOCK } from './common/common.tokens.js';
import { type ConnectorDefinition } from './connectors/connector-definition.interface.js';
import { CONNECTORS_CATALOG } from './connectors/connectors.catalog.js';
import { KvnestConfigModule } from './config/kvnest-config.module.js';
import { KVNEST_CONFIG, type KvnestConfig } from './config/kvnest-config.interface.js';
import { ControlModule } from './modules/doors/control/control.module.js';
import { DoorRegistryModule } from './modules/doors/door-registry.module.js';
import { HttpDoorModule } from './modules/doors/http/http-door.module.js';
import { LmDoorModule } from './modules/doors/lm/lm-door.module.js';
import { NestDoorModule } from './modules/doors/nest/nest-door.module.js';
import { RespDoorModule } from './modules/doors/resp/resp-door.module.js';
import { TcpDoorModule } from './modules/doors/tcp/tcp-door.module.js';
import { EngineModule } from './modules/engine/engine.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { MetricsModule } from './modules/metrics/metrics.module.js';
import { PLUGIN_MANAGER, type PluginManager } from './plugins/plugin-manager.js';
import { PluginModule } from './plugins/plugin.module.js';
import { findAdmissionPolicy } from './modules/tiers/admission/admission-policies.catalog.js';
import { findEvictionPolicy } from './modules/tiers/eviction/eviction-policies.catalog.js';
import { TraceModule } from './modules/trace/trace.module.js';
import { PeersModule } from './modules/peers/peers.module.js';
import { TiersModule } from './modules/tiers/tiers.module.js';

/** What every module may inject without importing anything. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: BOOT_ID, useFactory: () => randomUUID() },
    { provide: EVICTION_POLICIES, useValue: findEvictionPolicy },
    { provide: ADMISSION_POLICIES, useValue: findAdmissionPolicy },
  ],
  exports: [CLOCK, BOOT_ID, EVICTION_POLICIES, ADMISSION_POLICIES],
})
class CommonModule {}

/** What an embedding application adds to the server. */
export interface AppExtensions {
  /** Kinds of backends beside those of the catalogue; the tiers of the configuration name them by their type. */
  readonly backends?: readonly BackendDefinition[];
  /** Connectors beside those of the catalogue; they win where a scheme is the same. */
  readonly connectors?: readonly ConnectorDefinition[];
  /** Nest modules beside those of the server. They may inject what is public without importing anything. */
  readonly modules?: NonNullable<ModuleMetadata['imports']>;
}

/**
 * The composition root: the only place that knows every module, in the order in which a request meets them. Nest calls its
 * hooks after those of all modules below when the server starts, and before them when it ends.
 */
@Module({})
export class AppModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(KVNEST_CONFIG) private readonly config: KvnestConfig,
    @Inject(PLUGIN_MANAGER) private readonly plugins: PluginManager,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  static forRoot(config: KvnestConfig, extensions: AppExtensions = {}): DynamicModule {
    const { http, resp, lm, tcp, nest } = config.doors;
    const connectors = [...(extensions.connectors ?? []), ...CONNECTORS_CATALOG];
    const definitions = [
      ...backendsCatalog({ connectors, extraConfig: config.extraConfig }),
      ...(extensions.backends ?? []),
    ];
    const tiers = TiersModule.forRoot(BackendsModule.forRoot(config.tiers, definitions), config);
    return {
      module: AppModule,
      imports: [
        KvnestConfigModule.forRoot(config),
        CommonModule,
        ArenaModule.forRoot(config),
        EngineModule.forRoot(tiers),
        PeersModule.forRoot(tiers),
        DoorRegistryModule,
        PluginModule.forRoot(config),
        ControlModule,
        HealthModule,
        TraceModule.forRoot(config),
        ...(http === false ? [] : [HttpDoorModule.forRoot(config), MetricsModule]),
        ...(resp === false ? [] : [RespDoorModule.forRoot(resp)]),
        ...(lm === false ? [] : [LmDoorModule.forRoot(lm)]),
        ...(tcp === false ? [] : [TcpDoorModule.forRoot(tcp)]),
        ...(nest === false ? [] : [NestDoorModule.forRoot(nest)]),
        ...(extensions.modules ?? []),
      ],
    };
  }

  /** Plugins start when all doors listen: the HTTP door does so last, when every hook has returned. */
  onApplicationBootstrap(): void {
    if (this.config.doors.http === false) this.plugins.start();
    else this.host.listen$.subscribe(() => this.plugins.start());
  }

  onModuleDestroy(): void {
    this.plugins.stop();
  }
}
