import { type BackendPeer } from '../../storage-backend.interface.js';
import { type Peer } from './peer.js';

/** What the status page tells of a peer. */
export function peerStatus({ label, state, backOff, reader, identity, counters }: Peer): BackendPeer {
  const { transport, transportReason } = reader;
  return {
    name: label,
    state,
    up: state === 'up',
    ...(backOff && { reason: backOff.reason, backOffMs: backOff.leftMs }),
    transport: identity === undefined ? 'unknown' : transport,
    ...(identity !== undefined && transportReason !== undefined && { transportReason }),
    counters: { ...counters },
  };
}
