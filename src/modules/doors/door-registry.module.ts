import { Global, Module } from '@nestjs/common';
import { KVNEST_CONFIG, type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { DOOR_REGISTRY, DoorRegistry } from './door-registry.js';
import { DOOR_SECRET, DoorSecret } from './door-secret.js';

/** What all doors share. Needs KVNEST_CONFIG from a global module. */
@Global()
@Module({
  providers: [
    { provide: DOOR_REGISTRY, useFactory: () => new DoorRegistry() },
    {
      provide: DOOR_SECRET,
      inject: [KVNEST_CONFIG],
      useFactory: ({ auth }: KvnestConfig) => new DoorSecret(auth.token),
    },
  ],
  exports: [DOOR_REGISTRY, DOOR_SECRET],
})
export class DoorRegistryModule {}
