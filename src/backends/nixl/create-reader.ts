import { type IntakePlace } from '../../connectors/intake/value-intake.js';
import { type NixlAgent } from './agent/nixl-agent.interface.js';
import { AutoPeerReader } from './auto-peer-reader.js';
import { whyNoDirectPath } from './nixl-path.js';
import { NixlPeerReader } from './nixl-peer-reader.js';
import { type PeerReader } from './peer-reader.interface.js';
import { type PeerAddress } from './peers/peer-address.js';
import { TcpPeerReader } from './tcp-peer-reader.js';

/** How bytes may come over NIXL. */
export interface NixlWay {
  readonly agent: NixlAgent;
  readonly transferTimeoutMs: number;
  /** Rather not at all than over TCP. */
  readonly isRequired: boolean;
  readonly logger: { log(line: string): void };
}

/** How one peer is read from. @param way absent: over TCP. */
export function createReader(
  { label, settings }: PeerAddress,
  place: IntakePlace,
  way?: NixlWay,
): PeerReader {
  if (way === undefined) return new TcpPeerReader({ label, settings, place });
  const { agent, transferTimeoutMs, isRequired, logger } = way;
  const options = { label, settings, place, agent, transferTimeoutMs };
  if (isRequired) return new NixlPeerReader(options);
  const nixl = new NixlPeerReader({ ...options, objection: whyNoDirectPath });
  return new AutoPeerReader({ nixl, tcp: new TcpPeerReader({ label, settings, place }), logger });
}
