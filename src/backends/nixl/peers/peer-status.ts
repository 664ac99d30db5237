import { type BackendPeer } from '../../storage-backend.interface.js';
import { type Peer } from './peer.js';

/** What the status page tells of a peer. */
export function peerStatus({ label, state, backOff, reader, counters }: Peer): BackendPeer {
  return {
    name: label,
    state,
    up: state === 'up',
    ...(backOff && { reason: backOff.reason, backOffMs: backOff.leftMs }),
    transport: reader.transport,
    counters: { ...counters },
  };
}
