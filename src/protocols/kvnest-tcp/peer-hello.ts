import { frameError } from './frame.js';

/** The version of `peer.hello`, `LOCATE`, `RELEASE` and `SUMMARY` together. */
export const PEER_VERSION = 1;

/** The message pattern by which servers get to know each other. */
export const PEER_HELLO = 'peer.hello';

/** What a server says of itself to one that wants to read from it. */
export interface PeerHello {
  readonly version: number;
  /** Another one after each start. */
  readonly bootId: string;
  readonly server: string;
  /** Longest lease of a `LOCATE`. */
  readonly maxLeaseMs: number;
  /** Where its memory can be read over NIXL. */
  readonly nixl: PeerNixl | undefined;
  /** Why it cannot. */
  readonly nixlReason: string | undefined;
}

/** Most bytes that UCX sends, and takes, at a time where it goes over TCP, in its own words: `512k`. */
export interface TcpSegments {
  readonly sends: string;
  readonly takes: string;
}

export interface PeerNixl {
  readonly agent: string;
  /** Of the library. */
  readonly version: string;
  readonly metadata: Buffer;
  /** Equal where processes can copy from each other's memory. */
  readonly host: string;
  /** Whether it has devices for RDMA. */
  readonly hasRdma: boolean;
  /** Older versions do not say. */
  readonly tcpSegments: TcpSegments | undefined;
  readonly arena: {
    /** Of its first byte, in the process of the server. */
    readonly address: bigint;
    readonly bytes: number;
    /** Where the records of chunks are: that of slot n at `recordsOffset + n * recordBytes`. */
    readonly recordsOffset: number;
    readonly recordBytes: number;
  };
}

/** As JSON. */
export function peerHelloJson({ version, bootId, server, maxLeaseMs, nixl, nixlReason }: PeerHello): object {
  return {
    version,
    boot_id: bootId,
    server,
    max_lease_ms: maxLeaseMs,
    nixl: nixl === undefined ? null : nixlJson(nixl),
    ...(nixlReason !== undefined && { nixl_reason: nixlReason }),
  };
}

/** @throws KV_TCP_FRAME for what is none. */
export function readPeerHello(value: unknown): PeerHello {
  const hello = fieldsOf(value);
  const { nixl } = hello;
  return {
    version: wholeOf(hello, 'version'),
    bootId: textOf(hello, 'boot_id'),
    server: textOf(hello, 'server'),
    maxLeaseMs: wholeOf(hello, 'max_lease_ms'),
    nixl: nixl === null || nixl === undefined ? undefined : readNixl(fieldsOf(nixl)),
    nixlReason: typeof hello['nixl_reason'] === 'string' ? hello['nixl_reason'] : undefined,
  };
}

function nixlJson({ agent, version, metadata, host, hasRdma, tcpSegments, arena }: PeerNixl): object {
  const { address, bytes, recordsOffset, recordBytes } = arena;
  return {
    agent,
    version,
    metadata: metadata.toString('base64'),
    host,
    rdma: hasRdma,
    ...(tcpSegments && { tcp_segments: tcpSegments }),
    arena: {
      address: address.toString(),
      bytes,
      records_offset: recordsOffset,
      record_bytes: recordBytes,
    },
  };
}

function readNixl(nixl: Readonly<Record<string, unknown>>): PeerNixl {
  const arena = fieldsOf(nixl['arena']);
  const address = textOf(arena, 'address');
  if (!/^\d{1,20}$/.test(address)) throw frameError(`the address ${address}`);
  return {
    agent: textOf(nixl, 'agent'),
    version: textOf(nixl, 'version'),
    metadata: Buffer.from(textOf(nixl, 'metadata'), 'base64'),
    host: textOf(nixl, 'host'),
    hasRdma: nixl['rdma'] === true,
    tcpSegments: readSegments(nixl['tcp_segments']),
    arena: {
      address: BigInt(address),
      bytes: wholeOf(arena, 'bytes'),
      recordsOffset: wholeOf(arena, 'records_offset'),
      recordBytes: wholeOf(arena, 'record_bytes'),
    },
  };
}

/** Nothing that is read depends on them: where they are not as expected, the peer does not say. */
function readSegments(value: unknown): TcpSegments | undefined {
  const { sends, takes } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof sends === 'string' && typeof takes === 'string' ? { sends, takes } : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw frameError('the hello of a peer that is none');
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw frameError(`the hello of a peer without ${name}`);
}

function wholeOf(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw frameError(`the hello of a peer without ${name}`);
}
