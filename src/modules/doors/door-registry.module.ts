import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { KVNEST_CONFIG, type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { DOOR_REGISTRY, DoorRegistry } from './door-registry.js';
import { DOOR_SECRET, DoorSecret } from './door-secret.js';
import { ERROR_ANSWERS, ErrorAnswers } from './errors/error-answers.js';
import { KvExceptionFilter } from './errors/kv-exception.filter.js';

/**
 * What all doors share. Needs KVNEST_CONFIG from a global module. It stands before modules of users, for of global filters Nest
 * asks the last one first.
 */
@Global()
@Module({
  providers: [
    { provide: DOOR_REGISTRY, useFactory: () => new DoorRegistry() },
    {
      provide: DOOR_SECRET,
      inject: [KVNEST_CONFIG],
      useFactory: ({ auth }: KvnestConfig) => new DoorSecret(auth.token),
    },
    { provide: ERROR_ANSWERS, useFactory: () => new ErrorAnswers() },
    {
      provide: APP_FILTER,
      inject: [ERROR_ANSWERS],
      useFactory: (answers: ErrorAnswers) => new KvExceptionFilter(answers),
    },
  ],
  exports: [DOOR_REGISTRY, DOOR_SECRET, ERROR_ANSWERS],
})
export class DoorRegistryModule {}
