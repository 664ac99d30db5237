import { connect, type Socket } from 'node:net';
import {
  encodeHandshake,
  HANDSHAKE_HEADER_BYTES,
  MAX_HANDSHAKE_BYTES,
  parseHandshake,
  parseSegment,
  type SegmentDescription,
} from '../../../protocols/mooncake/transfer-frame.js';
import { remoteProtocol, remoteTimeout, remoteUnreachable } from '../../connector-errors.js';

export interface OwnerQuestion {
  /** Of a replica: an address, or the name of a segment where a metadata server knows its address. */
  readonly endpoint: string;
  /** `http://…/metadata`; undefined where owners are asked themselves. */
  readonly metadataServer: string | undefined;
  /** What errors call the owner. */
  readonly label: string;
  readonly timeoutMs: number;
}

export interface OwnerAddress extends SegmentDescription {
  readonly dataHost: string;
}

const ENDPOINT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/;
const MY_NAME = 'kvnest';

/** Where the memory of an endpoint is read. @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_TIMEOUT, KV_REMOTE_PROTOCOL */
export function askOwner(question: OwnerQuestion): Promise<OwnerAddress> {
  return question.metadataServer === undefined
    ? shakeHands(question)
    : askMetadataServer(question, question.metadataServer);
}

async function shakeHands({ endpoint, label, timeoutMs }: OwnerQuestion): Promise<OwnerAddress> {
  const [, ipv6, name, port] = ENDPOINT.exec(endpoint) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined) throw remoteProtocol(label, `"${endpoint}" is no address`);
  const socket = connect({ host, port: Number(port), timeout: timeoutMs });
  // The whole of it may take no longer either: an owner that sends byte after byte is no owner.
  const timer = setTimeout(() => socket.emit('timeout'), timeoutMs);
  try {
    const bytes = await receiveReply(socket, label, timeoutMs);
    const segment = parseHandshake(bytes);
    if (segment === undefined) throw remoteProtocol(label, 'it does not say how it is reached over TCP');
    return { ...segment, dataHost: segment.dataHost ?? host };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** @returns the body of the reply. */
function receiveReply(socket: Socket, label: string, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    const onBytes = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      if (received.length < HANDSHAKE_HEADER_BYTES) return;
      const length = Number(received.readBigUInt64LE(0));
      const end = HANDSHAKE_HEADER_BYTES + length;
      if (length > MAX_HANDSHAKE_BYTES) reject(remoteProtocol(label, `a handshake of ${length} bytes`));
      else if (received.length >= end) resolve(received.subarray(HANDSHAKE_HEADER_BYTES, end));
    };
    socket
      .on('data', onBytes)
      .on('timeout', () => reject(remoteTimeout(label, 'a handshake', timeoutMs)))
      .on('error', (error) => reject(remoteUnreachable(label, error)))
      .on('close', () => reject(remoteUnreachable(label, new Error('the connection was closed'))));
    socket.write(encodeHandshake(MY_NAME));
  });
}

/** Its keys are escaped as a whole: it does not find them otherwise. */
async function askMetadataServer(question: OwnerQuestion, server: string): Promise<OwnerAddress> {
  const { endpoint, label } = question;
  const segment = parseSegment(await fetchJson(question, server, `mooncake/ram/${endpoint}`));
  if (segment === undefined)
    throw remoteProtocol(label, 'its metadata do not say how it is reached over TCP');
  if (segment.dataHost !== undefined) return { ...segment, dataHost: segment.dataHost };
  const address = await fetchJson(question, server, `mooncake/rpc_meta/${endpoint}`);
  const host = (address as { readonly ip_or_host_name?: unknown } | null)?.ip_or_host_name;
  if (typeof host !== 'string' || host === '') throw remoteProtocol(label, 'its metadata name no host');
  return { ...segment, dataHost: host };
}

async function fetchJson({ label, timeoutMs }: OwnerQuestion, server: string, key: string): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${server}?key=${encodeURIComponent(key)}`, { signal });
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as unknown;
  } catch (error) {
    if (signal.aborted) throw remoteTimeout(label, 'a question to the metadata server', timeoutMs);
    throw remoteUnreachable(label, error);
  }
  throw remoteUnreachable(label, new Error('the metadata server does not know it'));
}
