import { FRAME_PREFIX_BYTES, FRAME_TYPES, writeFramePrefix } from '../../protocols/kvnest-tcp/frame.js';
import { type Pattern, PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';

/** Bodies up to this length are cheaper to copy than to send from where they are. */
const MAX_COPIED_BYTES = 4096;
const NOTHING: readonly Uint8Array[] = [];
const WRITES: ReadonlySet<Pattern> = new Set([PATTERNS.PUT, PATTERNS.STORE]);

/** A request as it goes over the wire, but for its id and its time-out, which are written when it is sent. */
export interface WireRequest {
  /** Prefix and header, and the body where it is short. */
  readonly frame: Buffer;
  /** The rest of the body, sent from where it lies; it must not change until the call ends. */
  readonly body: readonly Uint8Array[];
  readonly headerBytes: number;
  readonly isJson: boolean;
  /** To be carried out twice does no harm, and gives the same answer. */
  readonly isIdempotent: boolean;
  /** It stores something: to be carried out late would undo what came after it. */
  readonly isWrite: boolean;
}

export interface RequestParts {
  readonly pattern: Pattern;
  readonly isIdempotent: boolean;
  readonly body?: readonly Uint8Array[];
  /** However long the body is: it can be taken back at any time then. */
  readonly copiesBody?: boolean;
}

/** @param writeHeader writes the header to `frame` from `offset` on. */
export function makeRequest(
  parts: RequestParts,
  headerBytes: number,
  writeHeader: (frame: Buffer, offset: number) => void,
): WireRequest {
  return assemble(parts, { headerBytes, isJson: false }, writeHeader);
}

/** A request whose header is JSON. */
export function makeJsonRequest(parts: RequestParts, header: object): WireRequest {
  const json = JSON.stringify(header);
  return assemble(parts, { headerBytes: Buffer.byteLength(json), isJson: true }, (frame, offset) => {
    frame.write(json, offset);
  });
}

function assemble(
  { pattern, isIdempotent, body = NOTHING, copiesBody = false }: RequestParts,
  header: { readonly headerBytes: number; readonly isJson: boolean },
  writeHeader: (frame: Buffer, offset: number) => void,
): WireRequest {
  const bodyBytes = totalBytes(body);
  const isCopied = copiesBody || bodyBytes <= MAX_COPIED_BYTES;
  const head = FRAME_PREFIX_BYTES + header.headerBytes;
  const about = { ...header, isIdempotent, isWrite: WRITES.has(pattern) };
  const frame = Buffer.allocUnsafe(isCopied ? head + bodyBytes : head);
  writeFramePrefix(frame, { type: FRAME_TYPES.REQUEST, pattern, bodyBytes }, header.headerBytes);
  writeHeader(frame, FRAME_PREFIX_BYTES);
  if (!isCopied) return { frame, body: body.filter(({ length }) => length > 0), ...about };
  let at = head;
  for (const part of body) {
    frame.set(part, at);
    at += part.length;
  }
  return { frame, body: NOTHING, ...about };
}

export function totalBytes(parts: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}

const REQUEST_ID_AT = 4;
const TIMEOUT_AT = 12;

/** Fills in what is known when a request is sent. */
export function stampRequest({ frame }: WireRequest, requestId: number, timeoutMs: number): void {
  frame.writeUInt32LE(requestId, REQUEST_ID_AT);
  frame.writeUInt32LE(timeoutMs, TIMEOUT_AT);
}
