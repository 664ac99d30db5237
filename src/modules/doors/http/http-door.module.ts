import { type DynamicModule, Module } from '@nestjs/common';
import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { getDoorToken } from '../doors.tokens.js';
import { HTTP_LIMITS } from './http-door.tokens.js';
import { ObjectBytesController } from './objects/object-bytes.controller.js';
import { PrefixBytesController } from './prefix/prefix-bytes.controller.js';
import { HttpDoor } from './server/http-door.js';

/** The HTTP door. Needs CACHE_ENGINE, KVNEST_CONFIG, CLOCK, DOOR_REGISTRY and DOOR_SECRET from global modules. */
@Module({})
export class HttpDoorModule {
  static forRoot(config: KvnestConfig): DynamicModule {
    return {
      module: HttpDoorModule,
      controllers: [ObjectBytesController, PrefixBytesController],
      providers: [
        { provide: getDoorToken('http'), useClass: HttpDoor },
        { provide: HTTP_LIMITS, useValue: config.doors.http },
      ],
      exports: [getDoorToken('http')],
    };
  }
}
