import { type IntakePlace } from '../../connectors/intake/value-intake.js';
import { type PeerReader } from './peer-reader.interface.js';
import { type PeerAddress } from './peers/peer-address.js';
import { TcpPeerReader } from './tcp-peer-reader.js';

/** How one peer is read from. */
export function createReader({ label, settings }: PeerAddress, place: IntakePlace): PeerReader {
  return new TcpPeerReader({ label, settings, place });
}
