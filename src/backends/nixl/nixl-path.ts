import { hasRdma, hostIdentity } from '../../common/host-links.js';
import { type PeerNixl } from '../../protocols/kvnest-tcp/peer-hello.js';

/** This side of a path to a peer. */
export interface PathEnd {
  readonly host: string;
  readonly hasRdma: boolean;
}

const HERE: PathEnd = { host: hostIdentity(), hasRdma: hasRdma() };

/**
 * Why NIXL would move bytes over UCX's TCP, where a reader that dies can take the owner with it, and kvnest's own TCP is as
 * fast.
 *
 * @returns undefined where it can copy from memory to memory, or use RDMA on both sides.
 */
export function whyNoDirectPath(peer: Pick<PeerNixl, 'host' | 'hasRdma'>, here = HERE): string | undefined {
  if (peer.host === here.host || (peer.hasRdma && here.hasRdma)) return undefined;
  return 'it is on another host, and not both have RDMA';
}
