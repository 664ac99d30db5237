import { type DynamicModule, Module } from '@nestjs/common';
import { type Clock } from '../../../common/clock.js';
import { BOOT_ID, CLOCK } from '../../../common/common.tokens.js';
import {
  KVNEST_CONFIG,
  type KvnestConfig,
  type TcpDoorLimits,
} from '../../../config/kvnest-config.interface.js';
import { CACHE_ENGINE, type CacheEngine } from '../../engine/cache-engine.interface.js';
import { PEER_OWNER, type PeerOwner } from '../../peers/peer-owner.interface.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../door-registry.js';
import { DOOR_SECRET, type DoorSecret } from '../door-secret.js';
import { getDoorToken } from '../doors.tokens.js';
import { createTcpDoor } from './create-tcp-door.js';
import { type TcpDoor } from './tcp-door.js';

/** The door for `kvnest/client`. Needs CACHE_ENGINE, PEER_OWNER, KVNEST_CONFIG, CLOCK, BOOT_ID, DOOR_REGISTRY, DOOR_SECRET from global modules. */
@Module({})
export class TcpDoorModule {
  static forRoot(limits: TcpDoorLimits): DynamicModule {
    return {
      module: TcpDoorModule,
      providers: [
        {
          provide: getDoorToken('tcp'),
          inject: [CACHE_ENGINE, PEER_OWNER, KVNEST_CONFIG, CLOCK, BOOT_ID, DOOR_REGISTRY, DOOR_SECRET],
          useFactory: (
            engine: CacheEngine,
            peers: PeerOwner,
            { drainTimeoutMs }: KvnestConfig,
            clock: Clock,
            bootId: string,
            registry: DoorRegistry,
            secret: DoorSecret,
          ): TcpDoor =>
            createTcpDoor({ limits, engine, peers, registry, clock, bootId, secret, drainTimeoutMs }),
        },
      ],
      exports: [getDoorToken('tcp')],
    };
  }
}
