import { describe, expect, it } from '@jest/globals';
import { randomPieces } from '../../../test/support/resp-pieces.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { type RemoteMetadata } from '../remote-metadata/remote-metadata.js';
import { encodeLmReply, encodeLmRequest, LM_COMMANDS } from './lm-message.js';
import { LmReplyParser } from './lm-reply-parser.js';
import { LmRequestParser } from './lm-request-parser.js';
import { type LmStreamParser } from './lm-stream-parser.js';

const ROUNDS = process.env['KVNEST_SOAK'] === undefined ? 300 : 5_000;

type AnyParser = LmStreamParser<{ kind: string; metadata: RemoteMetadata }>;

/** What came out of a stream, bodies behind their headers. */
function parse(pieces: readonly Buffer[], parser: AnyParser, hasBody: (event: object) => boolean): unknown[] {
  const events: unknown[] = [];
  let body: Buffer[] | undefined;
  let missing = 0;
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length) {
      if (body === undefined) {
        const event = parser.push(piece, at, piece.length);
        at = parser.position;
        if (event === undefined) break;
        events.push(event);
        if (!('metadata' in event) || !hasBody(event)) continue;
        body = [];
        missing = event.metadata.lengthBytes;
      }
      const part = piece.subarray(at, at + missing);
      body.push(Buffer.from(part));
      at += part.length;
      missing -= part.length;
      if (missing > 0) continue;
      events.push(Buffer.concat(body).toString('hex'));
      body = undefined;
      parser.endBody();
    }
  }
  return events;
}

function randomChunk(random: SeededRandom): RemoteMetadata {
  const shape = Array.from({ length: random.below(5) }, () => 1 + random.below(5000));
  return {
    lengthBytes: random.chance(0.1) ? 0 : random.below(700),
    format: 1 + random.below(3),
    groups: [{ dtype: random.below(9), shape }],
  };
}

describe('lm:// streams', () => {
  it('are understood wherever requests are cut', () => {
    const random = new SeededRandom(1);
    for (let round = 0; round < ROUNDS; round++) {
      const expected: unknown[] = [];
      const wire: Buffer[] = [];
      for (let i = 0; i < 8; i++) {
        const command = random.pick(Object.values(LM_COMMANDS));
        const key = `key-${random.below(1000)}`;
        const metadata = randomChunk(random);
        wire.push(encodeLmRequest(command, key, metadata));
        expected.push({ kind: 'request', command, key: Buffer.from(key), metadata });
        if (command !== LM_COMMANDS.PUT) continue;
        const body = random.bytes(metadata.lengthBytes);
        wire.push(body);
        expected.push(body.toString('hex'));
      }
      // A last empty body would end with no byte behind it.
      wire.push(encodeLmRequest(LM_COMMANDS.HEALTH, 'k'));
      const events = parse(
        randomPieces(Buffer.concat(wire), random),
        new LmRequestParser(),
        (event) => (event as { command: number }).command === LM_COMMANDS.PUT,
      );
      expect(events.slice(0, -1)).toEqual(expected);
    }
  });

  it('are understood wherever replies are cut', () => {
    const random = new SeededRandom(2);
    for (let round = 0; round < ROUNDS; round++) {
      const expected: unknown[] = [];
      const wire: Buffer[] = [];
      for (let i = 0; i < 8; i++) {
        const code = random.pick([200, 400] as const);
        const metadata = randomChunk(random);
        wire.push(encodeLmReply(code, metadata));
        expected.push({ kind: 'reply', code, metadata });
        if (code === 400 || metadata.lengthBytes === 0) continue;
        const body = random.bytes(metadata.lengthBytes);
        wire.push(body);
        expected.push(body.toString('hex'));
      }
      const pieces = randomPieces(Buffer.concat(wire), random);
      const hasBody = (event: object): boolean => {
        const { code, metadata } = event as { code: number; metadata: RemoteMetadata };
        return code === 200 && metadata.lengthBytes > 0;
      };
      expect(parse(pieces, new LmReplyParser(), hasBody)).toEqual(expected);
    }
  });

  it('end with the first header that is none, and stay so', () => {
    const random = new SeededRandom(3);
    for (let round = 0; round < ROUNDS; round++) {
      const parser = new LmRequestParser();
      const bytes = Buffer.concat([encodeLmRequest(2, 'k'), Buffer.alloc(186, 0xff), random.bytes(400)]);
      const events = parse(randomPieces(bytes, random), parser, () => false);
      expect(events[1]).toEqual({ kind: 'protocol-error', message: 'unknown command -1' });
      expect(parser.push(encodeLmRequest(2, 'k'), 0, 186)).toBe(events[1]);
      expect(parser.position).toBe(186);
    }
  });

  it('stand still between two messages only', () => {
    const parser = new LmRequestParser();
    const put = encodeLmRequest(1, 'k');
    expect(parser.isIdle).toBe(true);
    parser.push(put, 0, 10);
    expect([parser.isIdle, parser.missingHeaderBytes]).toEqual([false, 176]);
    parser.push(put, 10, 186);
    expect(parser.isIdle).toBe(false);
    expect(() => parser.push(put, 0, 1)).toThrow(expect.objectContaining({ code: 'KV_LM_BODY' }));
    parser.endBody();
    expect([parser.isIdle, parser.missingHeaderBytes]).toEqual([true, 186]);
    expect(() => parser.endBody()).toThrow(expect.objectContaining({ code: 'KV_LM_BODY' }));
  });
});
