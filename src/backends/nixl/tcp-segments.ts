import { type PeerNixl, type TcpSegments } from '../../protocols/kvnest-tcp/peer-hello.js';
import { whyNoDirectPath } from './nixl-path.js';

/** What an agent asks of UCX where its environment does not say: `native/src/nixl/environment.cc`. */
const OURS = '512k';
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** The sizes with which UCX goes over TCP in this process. */
export function tcpSegments(environment: NodeJS.ProcessEnv = process.env): TcpSegments {
  const { UCX_TCP_TX_SEG_SIZE: sends = OURS, UCX_TCP_RX_SEG_SIZE: takes = OURS } = environment;
  return { sends, takes };
}

/**
 * Why UCX would drop the connection to a peer and every read would fail: it sends larger segments than are taken here, and may go over
 * TCP.
 *
 * @returns undefined where it would not, or a peer does not say.
 */
export function whySegmentsDoNotFit(
  peer: Pick<PeerNixl, 'host' | 'hasRdma' | 'tcpSegments'>,
  here = tcpSegments(),
  mayUseTcp = whyNoDirectPath(peer) !== undefined || namesTcp(process.env['UCX_TLS']),
): string | undefined {
  const sent = bytesOf(peer.tcpSegments?.sends);
  const taken = bytesOf(here.takes);
  if (!mayUseTcp || sent === undefined || taken === undefined || sent <= taken) return undefined;
  return (
    `its UCX sends TCP segments of ${peer.tcpSegments?.sends}, and here ${here.takes} are taken: ` +
    'set UCX_TCP_TX_SEG_SIZE and UCX_TCP_RX_SEG_SIZE alike on all servers, or on none'
  );
}

function namesTcp(transports = ''): boolean {
  return transports.split(',').includes('tcp');
}

/** @returns undefined for what is no number of bytes, such as `auto`. */
function bytesOf(size = ''): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)b?$/.exec(size.toLowerCase()) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}
