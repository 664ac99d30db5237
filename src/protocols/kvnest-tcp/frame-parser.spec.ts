import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomPieces } from '../../../test/support/resp-pieces.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { parseFrames } from '../../../test/support/tcp-pieces.js';
import { FrameParser } from './frame-parser.js';
import { encodeFrame, FLAG_END, FRAME_TYPES, PREAMBLE, writeFramePrefix } from './frame.js';

const ROUNDS = process.env['KVNEST_SOAK'] === undefined ? 300 : 10_000;
const NO_LIMIT = { expectPreamble: false, maxHeaderBytes: () => 16 * 2 ** 20 };

interface Sent {
  readonly requestId: number;
  readonly header: string;
  readonly body: string;
}

const ANY_FRAME: fc.Arbitrary<Sent> = fc.record({
  requestId: fc.nat(2 ** 32 - 1),
  header: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  body: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('hex')),
});

function encode({ requestId, header, body }: Sent): Buffer {
  const bytes = Buffer.from(body, 'hex');
  const fields = { type: FRAME_TYPES.REQUEST, requestId, bodyBytes: bytes.length };
  return Buffer.concat([encodeFrame(fields, Buffer.from(header, 'hex')), bytes]);
}

function received(pieces: Iterable<Buffer>, expectPreamble = false): Sent[] {
  const { frames, error } = parseFrames(pieces, { expectPreamble });
  expect(error).toBeUndefined();
  return frames.map(({ prefix, header, body }) => ({ requestId: prefix.requestId, header, body }));
}

const FRAMES: readonly Sent[] = [
  { requestId: 1, header: '', body: '' },
  { requestId: 2, header: '0102', body: '' },
  { requestId: 3, header: '', body: '030405' },
  { requestId: 4, header: '06', body: '0708' },
];

describe('FrameParser', () => {
  it('understands a stream that is cut at any two places', () => {
    const wire = Buffer.concat([PREAMBLE, ...FRAMES.map(encode)]);
    for (let first = 0; first <= wire.length; first++) {
      for (let second = first; second <= wire.length; second++) {
        const pieces = [wire.subarray(0, first), wire.subarray(first, second), wire.subarray(second)];
        expect(received(pieces, true)).toEqual(FRAMES);
      }
    }
  });

  it('understands any frames, cut anywhere', () => {
    const seed = fc.nat();
    fc.assert(
      fc.property(fc.array(ANY_FRAME, { maxLength: 8 }), seed, (frames, pieces) => {
        const wire = Buffer.concat([PREAMBLE, ...frames.map(encode)]);
        expect(received(randomPieces(wire, new SeededRandom(pieces)), true)).toEqual(frames);
      }),
      { numRuns: ROUNDS },
    );
  });

  it('says the same of random bytes, however they are cut', () => {
    const random = new SeededRandom(4);
    const errors = new Set<string | undefined>();
    for (let round = 0; round < ROUNDS; round++) {
      const wire = Buffer.concat(Array.from({ length: 5 }, () => encode(random.pick(FRAMES))));
      for (let i = random.below(3); i > 0; i--) wire[random.below(wire.length)] = random.below(256);
      const whole = parseFrames([wire]);
      expect(parseFrames(randomPieces(wire, random))).toEqual(whole);
      errors.add(whole.error);
    }
    expect(errors).toEqual(new Set([undefined, 'KV_TCP_FRAME']));
  });

  it('ends each call at an event and leaves what is behind it alone', () => {
    const parser = new FrameParser(NO_LIMIT);
    const [first, second] = [encode(FRAMES[1]!), encode(FRAMES[2]!)];
    const wire = Buffer.concat([Buffer.alloc(5), first, second]);
    expect(parser.push(wire, 5, wire.length)).toMatchObject({ kind: 'frame', header: Buffer.of(1, 2) });
    expect(parser.position).toBe(5 + first.length);
    expect(parser.push(wire, parser.position, wire.length)).toMatchObject({ prefix: { bodyBytes: 3 } });
    expect(parser.position).toBe(wire.length - 3);
  });

  it('does not look behind the end that it is told', () => {
    const parser = new FrameParser(NO_LIMIT);
    const wire = encode(FRAMES[1]!);
    expect(parser.push(wire, 0, wire.length - 1)).toBeUndefined();
    expect(parser.position).toBe(wire.length - 1);
    expect(parser.push(wire, wire.length - 1, wire.length)).toMatchObject({ header: Buffer.of(1, 2) });
  });

  it('copies no header that came in one piece', () => {
    const parser = new FrameParser(NO_LIMIT);
    const wire = encode(FRAMES[1]!);
    parser.push(wire, 0, 24);
    const event = parser.push(wire, 24, wire.length);
    expect(event?.kind === 'frame' && event.header.buffer === wire.buffer).toBe(true);
  });

  it('keeps a header that came in pieces when the pieces are used again', () => {
    const parser = new FrameParser(NO_LIMIT);
    const wire = encode(FRAMES[1]!);
    const slot = Buffer.alloc(25);
    wire.copy(slot, 0, 0, 25);
    parser.push(slot, 0, 25);
    slot.fill(0xff);
    slot[0] = wire[25]!;
    expect(parser.push(slot, 0, 1)).toMatchObject({ header: Buffer.of(1, 2) });
  });

  it('stands still between two frames only', () => {
    const parser = new FrameParser({ ...NO_LIMIT, expectPreamble: true });
    const wire = Buffer.concat([PREAMBLE, encode(FRAMES[3]!)]);
    expect(parser.isIdle).toBe(false);
    parser.push(wire, 0, 4);
    expect(parser.isIdle).toBe(true);
    for (let at = 4; at < wire.length - 2; at++) {
      parser.push(wire, at, at + 1);
      expect(parser.isIdle).toBe(false);
    }
    expect(() => parser.push(wire, wire.length - 2, wire.length)).toThrow();
    parser.endBody();
    expect(parser.isIdle).toBe(true);
  });

  it.each([
    ['a stream of HTTP', 'GET / HTTP/1.1\r\n'],
    ['another version', 'KVN2'],
    ['small letters', 'kvn1'],
    ['one byte that is wrong', 'KVM'],
    ['no preamble', encode(FRAMES[0]!).toString('latin1')],
  ])('refuses %s at the first byte that is wrong', (_, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const wrong = bytes.findIndex((byte, index) => byte !== PREAMBLE[index]);
    const parser = new FrameParser({ ...NO_LIMIT, expectPreamble: true });
    for (let at = 0; at < wrong; at++) expect(parser.push(bytes, at, at + 1)).toBeUndefined();
    expect(parser.push(bytes, wrong, wrong + 1)).toMatchObject({
      kind: 'protocol-error',
      error: { code: 'KV_TCP_FRAME' },
    });
  });

  it('stays failed', () => {
    const parser = new FrameParser(NO_LIMIT);
    const bytes = Buffer.concat([Buffer.alloc(24), encode(FRAMES[0]!)]);
    const failure = parser.push(bytes, 0, bytes.length);
    expect(failure).toMatchObject({ kind: 'protocol-error', error: { code: 'KV_TCP_FRAME' } });
    expect(parser.position).toBe(bytes.length);
    const good = encode(FRAMES[0]!);
    expect(parser.push(good, 0, good.length)).toBe(failure);
    expect(parser.isIdle).toBe(false);
  });

  it('gives the frames in front of the one that is none', () => {
    const bytes = Buffer.concat([encode(FRAMES[3]!), encode(FRAMES[1]!), Buffer.alloc(24, 0xff)]);
    const { frames, error } = parseFrames([bytes]);
    expect([frames.length, error]).toEqual([2, 'KV_TCP_FRAME']);
  });

  it('is not given more bytes before a body has ended', () => {
    const parser = new FrameParser(NO_LIMIT);
    const wire = encode(FRAMES[2]!);
    parser.push(wire, 0, wire.length);
    expect(() => parser.push(wire, 24, wire.length)).toThrow(/endBody/);
  });

  describe('asked to take headers up to a length', () => {
    const limits = { JSON: 100, BINARY: 10 };
    const options = {
      expectPreamble: false,
      maxHeaderBytes: ({ pattern }: { readonly pattern: number }): number =>
        pattern === 0 ? limits.JSON : limits.BINARY,
    };
    const announce = (headerBytes: number, pattern: number): Buffer => {
      const prefix = Buffer.alloc(24);
      writeFramePrefix(prefix, { type: FRAME_TYPES.REQUEST, pattern, flags: FLAG_END }, headerBytes);
      return prefix;
    };

    it.each([
      [limits.BINARY, 2],
      [limits.JSON, 0],
    ])('takes one of %d bytes with pattern %d', (headerBytes, pattern) => {
      const wire = [announce(headerBytes, pattern), Buffer.alloc(headerBytes)];
      expect(parseFrames(wire, options)).toMatchObject({ frames: [{}], error: undefined });
    });

    it.each([
      [limits.BINARY + 1, 2],
      [limits.JSON + 1, 0],
      [2 ** 32 - 1, 0],
    ])('refuses one of %d bytes with pattern %d before a byte of it came', (headerBytes, pattern) => {
      const parser = new FrameParser(options);
      const prefix = announce(headerBytes, pattern);
      for (let at = 0; at < 23; at++) expect(parser.push(prefix, at, at + 1)).toBeUndefined();
      expect(parser.push(prefix, 23, 24)).toMatchObject({ error: { code: 'KV_TCP_FRAME' } });
    });
  });
});
