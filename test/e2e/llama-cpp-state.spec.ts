import { describe, expect, it } from '@jest/globals';
import { objectKeys } from '../../examples/llama-cpp/cache/object-key.ts';
import { seededRandom } from '../../examples/llama-cpp/model/seeded-weights.ts';
import { cutChunk, joinChunks } from '../../examples/llama-cpp/state/chunks.ts';
import { type KvLayout } from '../../examples/llama-cpp/state/kv-layout.ts';
import { buildState, parseState } from '../../examples/llama-cpp/state/state-file.ts';

const CHUNK = 4;
const F16 = 1;
const Q8 = 8;

/** Two layers that keep their keys and values in rows of different lengths. */
const layout: KvLayout = {
  keys: [
    { type: F16, rowBytes: 16 },
    { type: F16, rowBytes: 24 },
  ],
  values: [
    { type: Q8, rowBytes: 34 },
    { type: F16, rowBytes: 8 },
  ],
};
const ROW_BYTES = [16, 24, 34, 8];
const CHUNK_BYTES = CHUNK * (16 + 24 + 34 + 8);

const tokens = Array.from({ length: 3 * CHUNK + 1 }, (_, position) => 1000 + position);

function randomRows(length: number): Buffer[][] {
  const random = seededRandom(7);
  return ROW_BYTES.map((rowBytes) => [
    Buffer.from(Array.from({ length: length * rowBytes }, () => random() * 256)),
  ]);
}

const file = Buffer.concat(buildState(tokens, layout, randomRows(tokens.length)));

/** A copy of the file in which one 32-bit word is another one. */
function withWord(offset: number, word: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32LE(word, offset);
  return copy;
}

const AFTER_TOKENS = 12 + tokens.length * 4;
const AFTER_CELLS = AFTER_TOKENS + 8 + tokens.length * 12;

describe('state file', () => {
  it('is parsed into what it was built from', () => {
    const state = parseState(file);

    expect(state.tokens).toEqual(tokens);
    expect(state.layout).toEqual(layout);
    expect(state.tensors).toEqual(randomRows(tokens.length).flat());
  });

  it.each([
    ['another magic number', withWord(0, 1)],
    ['another version', withWord(4, 4)],
    ['two streams', withWord(AFTER_TOKENS, 2)],
    ['fewer cells than tokens', withWord(AFTER_TOKENS + 4, 1)],
    ['a shifted position', withWord(AFTER_TOKENS + 8, 5)],
    ['a cell of two sequences', withWord(AFTER_TOKENS + 12, 2)],
    ['transposed values', withWord(AFTER_CELLS, 1)],
    ['fewer layers than there are', withWord(AFTER_CELLS + 4, 1)],
    ['more layers than there are', withWord(AFTER_CELLS + 4, 3)],
    ['more tokens than bytes', withWord(8, 0xffff_ffff)],
    ['a second cache behind the first', Buffer.concat([file, Buffer.alloc(12)])],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseState(bytes)).toThrow(expect.objectContaining({ code: 'KV_EXAMPLE_STATE_FORMAT' }));
  });

  it('refuses a file that ends anywhere before its end', () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => parseState(file.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'KV_EXAMPLE_STATE_FORMAT' }),
      );
    }
  });
});

describe('chunks', () => {
  const state = parseState(file);
  const chunks = [0, 1, 2].map((index) => cutChunk(state, index, CHUNK));

  it('hold the keys of every layer, then the values, for their tokens', () => {
    const [keys0, keys1, values0, values1] = state.tensors as [Buffer, Buffer, Buffer, Buffer];

    expect(chunks[1]).toEqual(
      Buffer.concat([
        keys0.subarray(4 * 16, 8 * 16),
        keys1.subarray(4 * 24, 8 * 24),
        values0.subarray(4 * 34, 8 * 34),
        values1.subarray(4 * 8, 8 * 8),
      ]),
    );
    expect(chunks.map(({ length }) => length)).toEqual([CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES]);
  });

  it('are joined into the state of the first tokens, from which the same chunks can be cut', () => {
    const rebuilt = parseState(Buffer.concat(joinChunks(tokens, layout, chunks.slice(0, 2), CHUNK)));

    expect(rebuilt.tokens).toEqual(tokens.slice(0, 2 * CHUNK));
    expect(rebuilt.layout).toEqual(layout);
    expect([0, 1].map((index) => cutChunk(rebuilt, index, CHUNK))).toEqual(chunks.slice(0, 2));
  });

  it.each([CHUNK_BYTES - 1, CHUNK_BYTES + 1, 0])('of %i bytes are refused', (length) => {
    const chunk = Buffer.alloc(length);

    expect(() => joinChunks(tokens, layout, [...chunks.slice(0, 1), chunk], CHUNK)).toThrow(
      expect.objectContaining({ code: 'KV_EXAMPLE_STATE_FORMAT' }),
    );
  });

  it('cannot be cut from tokens that the state has not', () => {
    expect(() => cutChunk(state, 3, CHUNK)).toThrow(
      expect.objectContaining({ code: 'KV_EXAMPLE_STATE_FORMAT' }),
    );
  });
});

describe('object keys', () => {
  it('are those that LMCache gives the same tokens', async () => {
    const prompt = Array.from({ length: 2 * 256 + 1 }, (_, token) => token);

    await expect(objectKeys('some/model', prompt, 256)).resolves.toEqual([
      'some/model@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4',
      'some/model@01000100@0@e5ffee45c2b9db326814c9692dc594369887ba3b0df5761817820b60f864c8e0',
    ]);
  });
});
