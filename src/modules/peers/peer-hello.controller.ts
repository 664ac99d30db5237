import { Controller, Inject, Optional } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { type Arena } from '../../arena/arena.interface.js';
import { planArena } from '../../arena/arena-layout.js';
import { ARENA } from '../../arena/arena.tokens.js';
import { RECORD_BYTES } from '../../arena/record-table.js';
import { BOOT_ID, PEER_AGENT } from '../../common/common.tokens.js';
import { KvError } from '../../common/errors/kv-error.js';
import { hasRdma, hostIdentity } from '../../common/host-links.js';
import { PACKAGE_VERSION } from '../../common/package-version.js';
import {
  PEER_HELLO,
  PEER_VERSION,
  peerHelloJson,
  type PeerNixl,
} from '../../protocols/kvnest-tcp/peer-hello.js';
import { type PeerAgentSource } from './peer-agent.interface.js';
import { MAX_LEASE_MS } from './tiered-peer-owner.js';

/** Tells another server how chunks are read from this one. Who asks has shown the token, where there is one. */
@Controller()
export class PeerHelloController {
  constructor(
    @Inject(ARENA) private readonly arena: Arena,
    @Inject(BOOT_ID) private readonly bootId: string,
    @Optional() @Inject(PEER_AGENT) private readonly source?: PeerAgentSource,
  ) {}

  /** Not over Nest's own transports: what it tells lets a process write to this one's memory. */
  @MessagePattern(PEER_HELLO, Symbol.for('kvnest:Transport:tcp'))
  hello(@Payload() data: unknown): object {
    const { version } = (data ?? {}) as { readonly version?: unknown };
    if (version !== PEER_VERSION) throw versionError(version);
    const nixl = this.#nixl();
    return peerHelloJson({
      version: PEER_VERSION,
      bootId: this.bootId,
      server: `kvnest/${PACKAGE_VERSION}`,
      maxLeaseMs: MAX_LEASE_MS,
      nixl,
      nixlReason: nixl === undefined ? (this.source?.reason ?? 'NIXL is not in use') : undefined,
    });
  }

  #nixl(): PeerNixl | undefined {
    const agent = this.source?.agent();
    if (agent === undefined) return undefined;
    const { name, version, metadata, regionAddress, tcpSegments } = agent;
    const { capacityBytes } = this.arena;
    return {
      agent: name,
      version,
      metadata: Buffer.from(metadata),
      host: hostIdentity(),
      hasRdma: hasRdma(),
      tcpSegments,
      arena: {
        address: regionAddress,
        bytes: capacityBytes,
        recordsOffset: planArena(capacityBytes).recordsOffset,
        recordBytes: RECORD_BYTES,
      },
    };
  }
}

function versionError(version: unknown): KvError {
  return new KvError('KV_PEER_VERSION', `version ${JSON.stringify(version)} of peers is not spoken here`, {
    kind: 'input',
    remedy: `Run the same version of kvnest on both sides, or speak version ${PEER_VERSION}.`,
    details: { versions: [PEER_VERSION] },
  });
}
