import { Global, Logger, Module } from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { ARENA } from '../../arena/arena.tokens.js';
import { BOOT_ID, PEER_AGENT } from '../../common/common.tokens.js';
import { startNixlAgent } from './agent/start-nixl-agent.js';
import { NixlHost } from './nixl-host.js';

/** One for all tiers; peers are told of its agent. Needs ARENA and BOOT_ID from global modules. */
@Global()
@Module({
  providers: [
    {
      provide: PEER_AGENT,
      inject: [ARENA, BOOT_ID],
      useFactory: ({ buffer }: Arena, bootId: string) =>
        new NixlHost({
          start: () => startNixlAgent({ region: buffer, name: bootId }),
          logger: new Logger('Nixl'),
        }),
    },
  ],
  exports: [PEER_AGENT],
})
export class NixlHostModule {}
