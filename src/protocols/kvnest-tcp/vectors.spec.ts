import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseFrames } from '../../../test/support/tcp-pieces.js';
import {
  encodeFrame,
  encodeJsonFrame,
  FRAME_TYPES,
  type FrameFields,
  readFramePrefix,
  writeFramePrefix,
} from './frame.js';
import { keyListBytes, readKeyList, writeKeyList } from './key-list.js';
import { encodeLocateAnswer, type LocateOutcome, readLeases, readLocateAnswer } from './locate.js';
import { lossByte } from './loss-byte.js';
import { PATTERNS } from './patterns.js';
import { encodePutList, readPutList } from './put-list.js';
import {
  encodePutAnswers,
  type GetAnswer,
  getAnswerBytes,
  MISS_ANSWER,
  PUT_OUTCOMES,
  readGetAnswer,
  readPutAnswers,
  writeGetAnswer,
} from './replies.js';
import {
  encodeSummaryAnswer,
  encodeSummaryQuestion,
  readSummaryAnswer,
  readSummaryQuestion,
} from './summary.js';

interface VectorPrefix {
  readonly type: number;
  readonly pattern: number;
  readonly flags: number;
  readonly request_id: number;
  readonly header_length: number;
  readonly timeout_ms: number;
  readonly body_length: number;
}

interface FrameVector {
  readonly name: string;
  readonly frame: keyof typeof FRAME_TYPES;
  readonly pattern?: keyof typeof PATTERNS;
  readonly prefix: VectorPrefix;
  readonly header_form: keyof typeof CODECS;
  readonly header?: unknown;
  readonly body: string;
  readonly hex: string;
}

interface Vectors {
  readonly version: number;
  readonly preamble: string;
  readonly frames: readonly FrameVector[];
  readonly prefixes: readonly { name: string; prefix: VectorPrefix; hex: string }[];
  readonly invalid: readonly { name: string; what: keyof typeof READERS; hex: string; code: string }[];
}

/** A header of bytes, there and back, as the vectors write it down. */
interface HeaderCodec {
  read(header: Buffer): unknown;
  encode(header: Buffer): Buffer;
}

const CODECS = {
  empty: { read: () => undefined, encode: () => Buffer.alloc(0) },
  json: {
    read: (header) => JSON.parse(header.toString()) as unknown,
    encode: (header) => {
      const frame = encodeJsonFrame({ type: FRAME_TYPES.HELLO }, JSON.parse(header.toString()) as object);
      return frame.subarray(24);
    },
  },
  bytes: { read: (header) => header.toString('hex'), encode: (header) => header },
  keys: {
    read: (header) => {
      const { namespace, option, keys } = readKeyList(header);
      return { namespace, option, keys: keys.map((key) => key.toString('hex')) };
    },
    encode: (header) => {
      const list = readKeyList(header);
      const encoded = Buffer.alloc(keyListBytes(list.keys));
      writeKeyList(encoded, 0, list);
      return encoded;
    },
  },
  put: {
    read: (header) => {
      const { namespace, ack, onlyIfAbsent, entries } = readPutList(header);
      return {
        namespace,
        ack: Number(ack === 'all'),
        flags: Number(onlyIfAbsent),
        entries: entries.map(({ key, lengthBytes, ttlMs, expiresAtMs, checksum, metadata, depth }) => ({
          key: key.toString('hex'),
          length: lengthBytes,
          ...(expiresAtMs === undefined ? { ttl_ms: ttlMs } : { expires_at_ms: expiresAtMs }),
          checksum: checksum ?? 0,
          flags: Number(checksum !== undefined) + 2 * Number(expiresAtMs !== undefined),
          ...(depth !== undefined && { place: depth + 1 }),
          metadata: metadata.toString('hex'),
        })),
      };
    },
    encode: (header) => encodePutList(readPutList(header)),
  },
  put_answers: {
    read: (header) =>
      readPutAnswers(header).map((answer) => ({ ...answer, outcome: PUT_OUTCOMES.indexOf(answer.outcome) })),
    encode: (header) => encodePutAnswers(readPutAnswers(header)),
  },
  get_answer: {
    read: (header) => {
      const { found, checksum, metadata, loss } = readGetAnswer(header);
      return {
        ...{ found: Number(found), ...(loss && { loss: lossByte(loss) }) },
        ...{ checksum, metadata: metadata.toString('hex') },
      };
    },
    encode: (header) => encodeGetAnswer(readGetAnswer(header)),
  },
  get_answer_with_attributes: {
    read: (header) => {
      const { found, checksum, metadata, attributes } = readGetAnswer(header, true);
      return {
        found: Number(found),
        checksum,
        expires_at_ms: attributes?.expiresAtMs,
        place: (attributes?.depth ?? -1) + 1,
        metadata: metadata.toString('hex'),
      };
    },
    encode: (header) => encodeGetAnswer(readGetAnswer(header, true)),
  },
  locate_answer: {
    read: (header) => {
      const { lease, leaseMs, outcomes } = readLocateAnswer(header);
      return { lease, lease_ms: leaseMs, chunks: outcomes.map(locatedFields) };
    },
    encode: (header) => encodeLocateAnswer(readLocateAnswer(header)),
  },
  summary_question: {
    read: (header) => {
      const { waitMs, ...since } = readSummaryQuestion(header);
      return { ...since, ...(waitMs > 0 && { wait_ms: waitMs }) };
    },
    encode: (header) => encodeSummaryQuestion(readSummaryQuestion(header)),
  },
  summary_answer: {
    read: (header) => {
      const answer = readSummaryAnswer(header);
      if (answer.kind === 'whole') return { ...answer, filter: answer.filter.toString('hex') };
      if (answer.kind === 'none') return answer;
      return { ...answer, hashes: answer.hashes.map(({ first, second }) => [first, second]) };
    },
    encode: (header) => encodeSummaryAnswer(readSummaryAnswer(header)),
  },
} satisfies Record<string, HeaderCodec>;

function locatedFields(outcome: LocateOutcome): unknown {
  if (typeof outcome === 'string') return outcome;
  const { metadata, checksum, lengthBytes, expiresAtMs, depth, slot, generation, digest, extents } = outcome;
  return {
    metadata: metadata.toString('hex'),
    checksum,
    length: lengthBytes,
    expires_at_ms: expiresAtMs,
    place: depth + 1,
    slot,
    generation,
    digest,
    extents: extents.map(({ offset, length }) => [offset, length]),
  };
}

function encodeGetAnswer(answer: GetAnswer): Buffer {
  if (!answer.found) return MISS_ANSWER;
  const encoded = Buffer.alloc(getAnswerBytes(answer.metadata, answer.attributes));
  writeGetAnswer(encoded, 0, answer);
  return encoded;
}

const READERS = {
  preamble: readWithPreamble,
  prefix: readFramePrefix,
  keys: readKeyList,
  put: readPutList,
  put_answers: readPutAnswers,
  get_answer: (header: Buffer) => readGetAnswer(header),
  get_answer_with_attributes: (header: Buffer) => readGetAnswer(header, true),
  locate_answer: readLocateAnswer,
  leases: readLeases,
  summary_question: readSummaryQuestion,
  summary_answer: readSummaryAnswer,
};

const FILE = join(import.meta.dirname, '../../../test/vectors/kvnest-tcp.json');
const { version, preamble, frames, prefixes, invalid } = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

function fieldsOf({ type, pattern, flags, request_id, timeout_ms, body_length }: VectorPrefix): FrameFields {
  return {
    type: type as FrameFields['type'],
    pattern,
    flags,
    requestId: request_id,
    timeoutMs: timeout_ms,
    bodyBytes: body_length,
  };
}

function readWithPreamble(bytes: Buffer): void {
  const { error } = parseFrames([bytes], { expectPreamble: true });
  if (error !== undefined) throw Object.assign(new Error(error), { code: error });
}

describe('golden vectors', () => {
  it('are of this version, and have every type of frame and every pattern, asked and answered', () => {
    expect([version, preamble]).toEqual([1, Buffer.from('KVN1').toString('hex')]);
    expect(new Set(frames.map(({ frame }) => frame))).toEqual(new Set(Object.keys(FRAME_TYPES)));
    for (const frame of ['REQUEST', 'REPLY']) {
      const patterns = frames.filter((vector) => vector.frame === frame).map(({ pattern }) => pattern);
      expect(new Set(patterns)).toEqual(new Set(Object.keys(PATTERNS)));
    }
  });

  it.each(frames)('$name', (vector) => {
    const { prefix, header_form: form, body, hex } = vector;
    const wire = Buffer.from(hex, 'hex');
    const headerAt = 24 + prefix.header_length;
    const header = wire.subarray(24, headerAt);
    expect(FRAME_TYPES[vector.frame]).toBe(prefix.type);
    if (vector.frame === 'REQUEST') expect(PATTERNS[vector.pattern!]).toBe(prefix.pattern);
    expect(readFramePrefix(wire)).toEqual({ ...fieldsOf(prefix), headerBytes: prefix.header_length });
    expect(CODECS[form].read(header)).toEqual(vector.header);
    expect(wire.subarray(headerAt).toString('hex')).toBe(body);
    const encoded = encodeFrame(fieldsOf(prefix), CODECS[form].encode(header));
    expect(encoded.toString('hex') + body).toBe(hex);
  });

  it.each(prefixes)('$name', ({ prefix, hex }) => {
    expect(readFramePrefix(Buffer.from(hex, 'hex'))).toEqual({
      ...fieldsOf(prefix),
      headerBytes: prefix.header_length,
    });
    const encoded = Buffer.alloc(24);
    writeFramePrefix(encoded, fieldsOf(prefix), prefix.header_length);
    expect(encoded.toString('hex')).toBe(hex);
  });

  it.each(invalid)('$what: $name', ({ what, hex, code }) => {
    expect(() => READERS[what](Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code }));
  });
});
