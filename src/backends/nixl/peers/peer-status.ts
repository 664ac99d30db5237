import { type BackendPeer } from '../../storage-backend.interface.js';
import { type Peer } from './peer.js';

/** What the status page tells of a peer. */
export function peerStatus({ label, state, reader, counters }: Peer): BackendPeer {
  return { name: label, state, up: state === 'up', transport: reader.transport, counters: { ...counters } };
}
