/** The Transfer Engine's protocol over TCP: 1 acknowledges nothing, 2 answers each request with a status. */
export type TransferVersion = 1 | 2;

export interface MemoryRange {
  readonly address: bigint;
  readonly lengthBytes: number;
}

/** What the owner of a segment says of itself. */
export interface SegmentDescription {
  readonly dataPort: number;
  /** Undefined: the host where it was asked. */
  readonly dataHost: string | undefined;
  readonly version: TransferVersion;
  /** The longest value for which it can have room; 0 when it does not say. */
  readonly segmentBytes: number;
}

export const TRANSFER_STATUS_BYTES = 8;
export const HANDSHAKE_HEADER_BYTES = 8;
/** A description of some hundred buffers is long. */
export const MAX_HANDSHAKE_BYTES = 1024 * 1024;

const REQUEST_BYTES = 24;
const OPCODES = { read: 0x00, write: 0x01 } as const;
const ACKNOWLEDGED = 0x80;
const STATUS_MAGIC = 0x4d435456;
const METADATA_MESSAGE = 1;

export function encodeTransfer(
  kind: 'read' | 'write',
  { address, lengthBytes }: MemoryRange,
  version: TransferVersion,
): Buffer {
  const bytes = Buffer.alloc(REQUEST_BYTES);
  bytes.writeBigUInt64LE(BigInt(lengthBytes), 0);
  bytes.writeBigUInt64LE(address, 8);
  bytes.writeUInt8(OPCODES[kind] | (version === 2 ? ACKNOWLEDGED : 0), 16);
  return bytes;
}

/** @returns the code, 0 when all is well, or undefined for what is no status. */
export function parseTransferStatus(bytes: Buffer): number | undefined {
  return bytes.readUInt32LE(4) === STATUS_MAGIC ? bytes.readUInt32LE(0) : undefined;
}

/** What an owner is asked for its description: with one of somebody that has no memory to offer. */
export function encodeHandshake(name: string): Buffer {
  const segment = {
    name,
    protocol: 'tcp',
    tcp_data_port: 0,
    tcp_proto_version: 2,
    timestamp: '',
    buffers: [],
  };
  const text = Buffer.from(JSON.stringify(segment));
  const bytes = Buffer.alloc(HANDSHAKE_HEADER_BYTES + 1 + text.length);
  bytes.writeBigUInt64LE(BigInt(1 + text.length), 0);
  bytes.writeUInt8(METADATA_MESSAGE, HANDSHAKE_HEADER_BYTES);
  text.copy(bytes, HANDSHAKE_HEADER_BYTES + 1);
  return bytes;
}

/** @param bytes the body of a reply, behind its length. */
export function parseHandshake(bytes: Buffer): SegmentDescription | undefined {
  if (bytes[0] !== METADATA_MESSAGE) return undefined;
  try {
    return parseSegment(JSON.parse(bytes.toString('utf8', 1)));
  } catch {
    return undefined;
  }
}

/** @param segment as a handshake and a metadata server tell it. */
export function parseSegment(segment: unknown): SegmentDescription | undefined {
  if (typeof segment !== 'object' || segment === null) return undefined;
  const {
    tcp_data_port: dataPort,
    tcp_data_host,
    tcp_proto_version,
    buffers,
  } = segment as Record<string, unknown>;
  const isPort =
    typeof dataPort === 'number' && Number.isInteger(dataPort) && dataPort > 0 && dataPort < 65_536;
  if (!isPort) return undefined;
  return {
    dataPort,
    dataHost: typeof tcp_data_host === 'string' && tcp_data_host !== '' ? tcp_data_host : undefined,
    version: typeof tcp_proto_version === 'number' && tcp_proto_version >= 2 ? 2 : 1,
    segmentBytes: Array.isArray(buffers) ? Math.max(0, ...buffers.map(lengthOf)) : 0,
  };
}

function lengthOf(buffer: unknown): number {
  const length = (buffer as { readonly length?: unknown } | null)?.length;
  return typeof length === 'number' && Number.isFinite(length) ? length : 0;
}
