/** A request whose body can be taken from the connection as it is. */
export interface DirectHead {
  /** Bytes up to and including the empty line. */
  readonly headBytes: number;
  readonly bodyBytes: number;
  /** Where the name `Content-Length` starts. */
  readonly lengthNameAt: number;
}

/** Exactly as long as `Content-Length`, so that one can take the other's place. */
export const DIRECT_LENGTH_HEADER = 'x-kvnest-bytes';

const HEAD_END = Buffer.from('\r\n\r\n');
const STARTS = [Buffer.from('PUT /v1/objects/'), Buffer.from('POST /v1/prefix/store')];
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*(?=\r\n)/gi;
/** What changes where the body ends, or makes it unclear: other lengths, folded lines, lines that end in half a CRLF. */
const UNCLEAR =
  /\r\n(?:[ \t]|(?:transfer-encoding|content-length|upgrade|x-kvnest-bytes)[ \t]*:)|\r(?!\n)|(?<!\r)\n/i;

/**
 * Looks at the first bytes of a request.
 *
 * @returns undefined when the head is not complete, is not one of a PUT or a store, or leaves any doubt where its
 * body ends: then the HTTP parser decides alone.
 */
export function findDirectHead(bytes: Buffer): DirectHead | undefined {
  if (
    !STARTS.some(
      (start) => bytes.length > start.length && bytes.compare(start, 0, start.length, 0, start.length) === 0,
    )
  ) {
    return undefined;
  }
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end + 2);
  const lengths = [...head.matchAll(CONTENT_LENGTH)];
  const [length] = lengths;
  if (lengths.length !== 1 || length === undefined) return undefined;
  const bodyBytes = Number(length[1]);
  const lengthNameAt = length.index + 2;
  const before = head.slice(0, length.index + 2);
  const after = head.slice(length.index + length[0].length);
  if (bodyBytes === 0 || UNCLEAR.test(before) || UNCLEAR.test(after)) return undefined;
  return { headBytes: end + HEAD_END.length, bodyBytes, lengthNameAt };
}

/** Hides the length of the body from the HTTP parser, which takes the request for one without a body. */
export function hideLength(bytes: Buffer, head: DirectHead): void {
  bytes.write(DIRECT_LENGTH_HEADER, head.lengthNameAt, 'latin1');
}
