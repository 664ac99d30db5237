import { type AddressInfo } from 'node:net';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CLOCK } from '../../src/common/common.tokens.js';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { KvnestConfigModule } from '../../src/config/kvnest-config.module.js';
import { type DoorLimits, type KvnestConfig } from '../../src/config/kvnest-config.interface.js';
import { ControlModule } from '../../src/modules/doors/control/control.module.js';
import { DoorRegistryModule } from '../../src/modules/doors/door-registry.module.js';
import { createHttpApp } from '../../src/modules/doors/http/create-http-app.js';
import { HttpDoorModule } from '../../src/modules/doors/http/http-door.module.js';
import { CACHE_ENGINE, type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { HealthModule } from '../../src/modules/health/health.module.js';
import { MetricsModule } from '../../src/modules/metrics/metrics.module.js';
import { TraceModule } from '../../src/modules/trace/trace.module.js';
import { PluginModule } from '../../src/plugins/plugin.module.js';
import { createTestEngine, NO_DOORS, type TestEngine, testConfig, type TestEngineOptions } from './engine.js';

const MIB = 1024 * 1024;

const LIMITS: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: 16 * MIB,
  maxConnections: 256,
  bodyTimeoutMs: 5000,
};

export interface TestServerOptions extends TestEngineOptions {
  readonly limits?: Partial<DoorLimits>;
  /** Stands between the door and the engine. */
  readonly wrap?: (engine: CacheEngine) => CacheEngine;
}

export interface TestServer extends TestEngine {
  readonly app: NestFastifyApplication;
  readonly config: KvnestConfig;
  readonly port: number;
  readonly url: string;
}

@Global()
@Module({})
class TestEngineModule {
  static of(engine: CacheEngine, clock: Clock): DynamicModule {
    return {
      module: TestEngineModule,
      providers: [
        { provide: CACHE_ENGINE, useValue: engine },
        { provide: CLOCK, useValue: clock },
      ],
      exports: [CACHE_ENGINE, CLOCK],
    };
  }
}

/** The HTTP door on a real socket, over a real engine. */
export async function startHttpServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { wrap = (engine) => engine, clock = systemClock } = options;
  const http = { ...LIMITS, ...options.limits };
  const config = testConfig({ ...options.config, doors: { ...NO_DOORS, http } });
  const parts = await createTestEngine(options);
  @Module({
    imports: [
      KvnestConfigModule.forRoot(config),
      TestEngineModule.of(wrap(parts.engine), clock),
      DoorRegistryModule,
      ControlModule,
      HttpDoorModule.forRoot(config),
      HealthModule,
      TraceModule.forRoot(config),
      MetricsModule,
      PluginModule.forRoot(config),
    ],
  })
  class TestModule {}
  const app = await createHttpApp(TestModule, config, { logger: ['fatal'], abortOnError: false });
  await app.listen(http.port, http.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    ...parts,
    app,
    config,
    port,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      await app.close();
      await parts.close();
    },
  };
}
