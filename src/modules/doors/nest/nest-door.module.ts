import { type DynamicModule, Module } from '@nestjs/common';
import {
  type DoorLimits,
  KVNEST_CONFIG,
  type KvnestConfig,
} from '../../../config/kvnest-config.interface.js';
import { SMALL_VALUES, type SmallValues } from '../control/values/small-values.js';
import { ControlModule } from '../control/control.module.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../door-registry.js';
import { DOOR_SECRET, type DoorSecret } from '../door-secret.js';
import { getDoorToken } from '../doors.tokens.js';
import { NestDoor } from './nest-door.js';

/** The door for stock Nest clients. Needs KVNEST_CONFIG, DOOR_REGISTRY and DOOR_SECRET from global modules. */
@Module({})
export class NestDoorModule {
  static forRoot(limits: DoorLimits): DynamicModule {
    return {
      module: NestDoorModule,
      imports: [ControlModule],
      providers: [
        {
          provide: getDoorToken('nest'),
          inject: [KVNEST_CONFIG, DOOR_REGISTRY, DOOR_SECRET, SMALL_VALUES],
          useFactory: (
            { drainTimeoutMs }: KvnestConfig,
            registry: DoorRegistry,
            secret: DoorSecret,
            values: SmallValues,
          ): NestDoor => new NestDoor({ limits, drainTimeoutMs, registry, secret, values }),
        },
      ],
      exports: [getDoorToken('nest')],
    };
  }
}
