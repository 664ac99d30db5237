import {
  encodeJsonFrame,
  FRAME_TYPES,
  PREAMBLE,
  PROTOCOL_VERSION,
} from '../../protocols/kvnest-tcp/frame.js';
import { LOSS_CAPABILITY } from '../../protocols/kvnest-tcp/loss-byte.js';
import { clientProtocol } from '../client-errors.js';

/** What a server says of itself when a connection is made. */
export interface ServerHello {
  /** Name and version. */
  readonly server: string;
  readonly bootId: string;
  /** What it says it can do. */
  readonly capabilities: readonly string[];
  /** In the order of the numbers that stand for them. */
  readonly tiers: readonly string[];
  readonly chunkTokens: number;
  readonly heartbeatMs: number;
  readonly limits: {
    readonly headerBytes: number;
    readonly jsonBytes: number;
    readonly valueBytes: number;
    readonly keys: number;
    readonly inFlight: number;
  };
}

/** What is told of chunks and not ignored here. */
const CAPABILITIES = [LOSS_CAPABILITY];

/** The first bytes of a client. */
export function encodeClientHello({
  name,
  token,
}: {
  readonly name: string;
  readonly token: string | undefined;
}): Buffer {
  const hello = {
    ...{ version: PROTOCOL_VERSION, client: name, capabilities: CAPABILITIES },
    ...(token !== undefined && { token }),
  };
  return Buffer.concat([PREAMBLE, encodeJsonFrame({ type: FRAME_TYPES.HELLO }, hello)]);
}

/** @throws KV_CLIENT_PROTOCOL */
export function readHello(server: string, header: Buffer): ServerHello {
  try {
    const hello = JSON.parse(header.toString()) as Record<string, unknown>;
    const limits = hello['limits'] as Record<string, unknown>;
    return {
      server: String(hello['server']),
      bootId: String(hello['boot_id']),
      capabilities: ((hello['capabilities'] ?? []) as readonly unknown[]).map(String),
      tiers: (hello['tiers'] as readonly unknown[]).map(String),
      chunkTokens: positive(hello, 'chunk_tokens'),
      heartbeatMs: positive(hello, 'heartbeat_ms'),
      limits: {
        headerBytes: positive(limits, 'header'),
        jsonBytes: positive(limits, 'json'),
        valueBytes: positive(limits, 'value'),
        keys: positive(limits, 'keys'),
        inFlight: positive(limits, 'in_flight'),
      },
    };
  } catch (cause) {
    throw clientProtocol(server, cause);
  }
}

function positive(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && value > 0) return value;
  throw new Error(`its hello has no ${name}`);
}
