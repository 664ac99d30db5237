import { describe, expect, it } from '@jest/globals';
import { encodeLocateAnswer, type LocatedChunk, readLocateAnswer } from './locate.js';
import { getAnswerBytes, readGetAnswer, writeGetAnswer } from './replies.js';

const CHUNK: LocatedChunk = {
  ...{ slot: 3, generation: 4, digest: [1, 2, 3, 4], lengthBytes: 10, checksum: 9 },
  ...{ expiresAtMs: 0, depth: 2, metadata: Buffer.from('m'), extents: [{ offset: 0, length: 10 }] },
};

describe('the loss of a chunk', () => {
  it.each(['int8', 'fp8'] as const)(
    '%s is told to who gets it, and to who reads it where it lies',
    (loss) => {
      const metadata = Buffer.from('shape');
      const header = Buffer.alloc(getAnswerBytes(metadata));
      writeGetAnswer(header, 0, { checksum: 7, metadata, loss });
      expect(readGetAnswer(header)).toEqual({ found: true, checksum: 7, metadata, loss });
      const answer = {
        lease: '0102030405060708',
        leaseMs: 5,
        outcomes: [{ ...CHUNK, loss }, 'miss' as const],
      };
      expect(readLocateAnswer(encodeLocateAnswer(answer))).toEqual(answer);
    },
  );

  it('is a zero where there is none', () => {
    const metadata = Buffer.alloc(0);
    const header = Buffer.alloc(getAnswerBytes(metadata), 0xff);
    writeGetAnswer(header, 0, { checksum: 7, metadata, loss: 'none' });
    expect(header[1]).toBe(0);
    expect(readGetAnswer(header)).toEqual({ found: true, checksum: 7, metadata });
  });

  it.each([3, 16, 17, 255])('%i is none that is known', (byte) => {
    const header = Buffer.from([1, byte, 0, 0, 0, 0, 0, 0]);
    expect(() => readGetAnswer(header)).toThrow(expect.objectContaining({ code: 'KV_TCP_FRAME' }));
  });
});
