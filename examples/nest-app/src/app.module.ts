import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { KvnestClientModule } from 'kvnest/client';
import { AnswersController } from './answers/answers.controller.js';
import { AnswersService } from './answers/answers.service.js';
import { SharedStates } from './answers/shared-states.js';
import { HealthController } from './health/health.controller.js';
import { MODEL, PrefillService } from './prefill/prefill.service.js';
import { settings } from './settings.js';
import { LastAnswersInterceptor } from './shutdown/last-answers.interceptor.js';

@Module({
  imports: [
    KvnestClientModule.register({
      url: settings.kvnestUrl,
      model: MODEL,
      name: 'kvnest-example-nest-app',
      // Without kvnest the service starts and computes all by itself. It tries once a second to reach it again.
      onUnavailable: 'miss',
      reconnect: { maxMs: 1000 },
      // What a server that hangs may cost a request. It must be well below what is gained by not computing.
      timeoutMs: 1000,
      connectTimeoutMs: 1000,
      unresponsiveMs: 1000,
      // Chunks are held against their checksums: a damaged one is computed anew.
      verify: true,
    }),
  ],
  controllers: [AnswersController, HealthController],
  providers: [
    AnswersService,
    SharedStates,
    PrefillService,
    { provide: APP_INTERCEPTOR, useClass: LastAnswersInterceptor },
  ],
})
export class AppModule {}
