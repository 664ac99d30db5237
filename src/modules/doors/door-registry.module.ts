import { Global, Module } from '@nestjs/common';
import { DOOR_REGISTRY, DoorRegistry } from './door-registry.js';

@Global()
@Module({
  providers: [{ provide: DOOR_REGISTRY, useFactory: () => new DoorRegistry() }],
  exports: [DOOR_REGISTRY],
})
export class DoorRegistryModule {}
