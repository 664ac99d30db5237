import { KvError } from '../../../../common/errors/kv-error.js';

/** Bytes `start` to `end`, the last included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The single range that a `Range` header asks for, or undefined for the whole value: without a header, and for forms
 * (several ranges, other units) that a server may ignore.
 *
 * @throws KV_HTTP_RANGE when no byte of the value is in it.
 */
export function byteRangeOf(header: string | undefined, lengthBytes: number): ByteRange | undefined {
  const match = header === undefined ? null : /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(header);
  if (match === null) return undefined;
  const [, first, last = '', suffix] = match;
  const start = first === undefined ? Math.max(0, lengthBytes - Number(suffix)) : Number(first);
  const end = last === '' ? lengthBytes - 1 : Number(last);
  if (end < start && last !== '') return undefined;
  if (start >= lengthBytes) {
    throw new KvError('KV_HTTP_RANGE', 'the range lies outside the value', {
      kind: 'input',
      details: { lengthBytes },
    });
  }
  return { start, end: Math.min(end, lengthBytes - 1) };
}

/** The parts of `views` that lie in the range, in order, without copies. */
export function sliceViews(views: readonly Buffer[], range: ByteRange): readonly Buffer[] {
  const slices: Buffer[] = [];
  let offset = 0;
  for (const view of views) {
    const from = Math.max(0, range.start - offset);
    const to = Math.min(view.length, range.end + 1 - offset);
    if (from < to) slices.push(view.subarray(from, to));
    offset += view.length;
  }
  return slices;
}
