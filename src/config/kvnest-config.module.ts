import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import { KVNEST_CONFIG, type KvnestConfig } from './kvnest-config.interface.js';

/**
 * Gives the configuration to the whole graph: by the token `KVNEST_CONFIG`, and through Nest's ConfigService under
 * `kvnest` (`configService.get('kvnest.doors.http.port')`).
 */
@Module({})
export class KvnestConfigModule {
  static forRoot(config: KvnestConfig): DynamicModule {
    return {
      module: KvnestConfigModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          skipProcessEnv: true,
          load: [registerAs('kvnest', () => config)],
        }),
      ],
      providers: [{ provide: KVNEST_CONFIG, useValue: config }],
      exports: [KVNEST_CONFIG],
    };
  }
}
