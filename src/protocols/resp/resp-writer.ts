/** The protocol version of a connection: 2 until `HELLO 3`. */
export type RespVersion = 2 | 3;

export const RESP_CRLF = Buffer.from('\r\n');
export const RESP_OK = Buffer.from('+OK\r\n');
export const RESP_ZERO = Buffer.from(':0\r\n');
export const RESP_ONE = Buffer.from(':1\r\n');
export const RESP_EMPTY_ARRAY = Buffer.from('*0\r\n');

const NULL_BULK = Buffer.from('$-1\r\n');
const NULL_ARRAY = Buffer.from('*-1\r\n');
const NULL_RESP3 = Buffer.from('_\r\n');

type Scalar = null | boolean | number | bigint | string | Uint8Array;

/** A reply as a tree. A string is a bulk string; a number without a fraction is an integer, any other a double. */
export type RespReply = Scalar | readonly RespReply[] | ReadonlyMap<string, RespReply>;

/** A line: `+text`. Line breaks become spaces. */
export function simpleReply(text: string): Buffer {
  return Buffer.from(`+${singleLine(text)}\r\n`);
}

/** A line: `-text`, where the text begins with Redis's code word (`ERR`, `NOAUTH`, …). Line breaks become spaces. */
export function errorReply(text: string): Buffer {
  return Buffer.from(`-${singleLine(text)}\r\n`);
}

export function integerReply(value: number | bigint): Buffer {
  if (value === 0) return RESP_ZERO;
  if (value === 1) return RESP_ONE;
  return Buffer.from(`:${value}\r\n`, 'latin1');
}

/** What stands before the bytes of a bulk; `RESP_CRLF` stands behind them. */
export function bulkHeader(lengthBytes: number): Buffer {
  return Buffer.from(`$${lengthBytes}\r\n`, 'latin1');
}

/** A whole bulk, by copying: for small values. */
export function bulkReply(value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([bulkHeader(bytes.length), bytes, RESP_CRLF]);
}

/** A missing value. */
export function nullReply(version: RespVersion): Buffer {
  return version === 3 ? NULL_RESP3 : NULL_BULK;
}

/** A missing array. */
export function nullArrayReply(version: RespVersion): Buffer {
  return version === 3 ? NULL_RESP3 : NULL_ARRAY;
}

export function arrayHeader(length: number): Buffer {
  return Buffer.from(`*${length}\r\n`, 'latin1');
}

/** Before `entries` pairs of a name and a value; a flat array of twice the length in version 2. */
export function mapHeader(entries: number, version: RespVersion): Buffer {
  return Buffer.from(version === 3 ? `%${entries}\r\n` : `*${2 * entries}\r\n`, 'latin1');
}

/** In version 2 a bulk string. */
export function doubleReply(value: number, version: RespVersion): Buffer {
  const text = Number.isFinite(value)
    ? String(value)
    : Number.isNaN(value)
      ? 'nan'
      : value > 0
        ? 'inf'
        : '-inf';
  return version === 3 ? Buffer.from(`,${text}\r\n`, 'latin1') : bulkReply(text);
}

/** In version 2 the integer 1 or 0. */
export function booleanReply(value: boolean, version: RespVersion): Buffer {
  if (version === 2) return value ? RESP_ONE : RESP_ZERO;
  return Buffer.from(value ? '#t\r\n' : '#f\r\n', 'latin1');
}

/** A whole tree, by copying: for `HELLO`, `CONFIG GET`, `SCAN` and the like. */
export function encodeReply(reply: RespReply, version: RespVersion): Buffer {
  const parts: Uint8Array[] = [];
  append(parts, reply, version);
  return Buffer.concat(parts);
}

function append(parts: Uint8Array[], reply: RespReply, version: RespVersion): void {
  if (isArray(reply)) {
    parts.push(arrayHeader(reply.length));
    for (const item of reply) append(parts, item, version);
  } else if (isMap(reply)) {
    parts.push(mapHeader(reply.size, version));
    for (const [name, value] of reply) {
      parts.push(bulkReply(name));
      append(parts, value, version);
    }
  } else {
    parts.push(encodeScalar(reply, version));
  }
}

function encodeScalar(reply: Scalar, version: RespVersion): Buffer {
  if (reply === null) return nullReply(version);
  switch (typeof reply) {
    case 'boolean':
      return booleanReply(reply, version);
    case 'bigint':
      return integerReply(reply);
    case 'number':
      return Number.isInteger(reply) ? integerReply(reply) : doubleReply(reply, version);
    default:
      return bulkReply(reply);
  }
}

function isArray(reply: RespReply): reply is readonly RespReply[] {
  return Array.isArray(reply);
}

function isMap(reply: RespReply): reply is ReadonlyMap<string, RespReply> {
  return reply instanceof Map;
}

function singleLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}
