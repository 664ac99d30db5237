import { describe, expect, it } from '@jest/globals';
import { describeWithPeer } from '../../../test/support/peer.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { loadNative } from '../../arena/native/load-native.js';
import { crc32c } from '../../common/crc32c.js';
import { type BlockCodec, type EncodedBlock } from '../block-codec.interface.js';
import { elementTypeNamed } from '../element-type.js';
import { SCALED_ELEMENTS } from './eight-bits.interface.js';
import { FP8 } from './fp8.codec.js';
import { INT8 } from './int8.codec.js';
import { scaledCodec } from './scaled.codec.js';

type TypeName = 'float16' | 'bfloat16' | 'float32';

const TYPES: readonly TypeName[] = ['float16', 'bfloat16', 'float32'];
const DEFINITIONS = [INT8, FP8];

/** Who does the work: the event loop, and the addon with whatever instructions this processor has. */
const WORKERS = [
  { by: 'the event loop', blocks: undefined },
  ...Object.entries(loadNative().addon?.blocks.scaledVariants ?? {}).map(([by, scaled]) => ({
    by,
    blocks: { ...loadNative().addon!.blocks, scaled },
  })),
];
/** Those of the event loop, and the best ones of the addon. */
const CODECS = WORKERS.slice(0, 2).flatMap(({ by, blocks }) =>
  DEFINITIONS.map((definition) => ({ by, codec: scaledCodec(definition, blocks) })),
);
const CASES = CODECS.flatMap((one) => TYPES.map((name) => ({ ...one, name })));
const OF = `$codec.name of $name, by $by`;

// Globals are slow to look up under jest.
const { abs, floor, max, min } = Math;

const BITS: Record<TypeName, { readonly exponentBits: number; readonly mantissaBits: number }> = {
  float16: { exponentBits: 5, mantissaBits: 10 },
  bfloat16: { exponentBits: 8, mantissaBits: 7 },
  float32: { exponentBits: 8, mantissaBits: 23 },
};

/** The value of an element, by the definition of its type. */
function valueOf(bits: number, name: TypeName): number {
  const { exponentBits, mantissaBits } = BITS[name];
  const mantissa = bits % 2 ** mantissaBits;
  const exponent = floor(bits / 2 ** mantissaBits) % 2 ** exponentBits;
  const sign = bits >= 2 ** (exponentBits + mantissaBits) ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Infinity : NaN;
  const digits = mantissa / 2 ** mantissaBits + (exponent === 0 ? 0 : 1);
  return sign * digits * 2 ** (max(exponent, 1) - bias);
}

const bytesOf = (name: TypeName): number => (name === 'float32' ? 4 : 2);

function elements(patterns: readonly number[], name: TypeName): Buffer {
  const bytes = Buffer.alloc(patterns.length * bytesOf(name));
  patterns.forEach((bits, i) =>
    name === 'float32' ? bytes.writeUInt32LE(bits >>> 0, 4 * i) : bytes.writeUInt16LE(bits & 0xffff, 2 * i),
  );
  return bytes;
}

const HALVES = {
  float16: Array.from({ length: 65536 }, (_, bits) => valueOf(bits, 'float16')),
  bfloat16: Array.from({ length: 65536 }, (_, bits) => valueOf(bits, 'bfloat16')),
};

function valuesOf(bytes: Buffer, name: TypeName): number[] {
  return Array.from({ length: bytes.length / bytesOf(name) }, (_, i) =>
    name === 'float32' ? valueOf(bytes.readUInt32LE(4 * i), name) : HALVES[name][bytes.readUInt16LE(2 * i)]!,
  );
}

async function roundTrip(codec: BlockCodec, bytes: Buffer, name: TypeName): Promise<Buffer | string> {
  const type = elementTypeNamed(name)!;
  const room = Buffer.alloc(bytes.length + 64, 0xee);
  const block = await codec.encode(bytes, type, room);
  if (typeof block === 'string') return block;
  const { bytes: encoded, checksum } = block;
  const count = bytes.length / type.bytes;
  expect(encoded).toHaveLength(count + 4 * Math.ceil(count / SCALED_ELEMENTS));
  const target = Buffer.alloc(bytes.length, 0xdd);
  expect(await codec.decode(encoded, type, target)).toBe(checksum);
  expect(crc32c(target)).toBe(checksum);
  return target;
}

/** The largest error as a part of the largest magnitude of its block, over all blocks; they must be encodable. */
async function worstError(codec: BlockCodec, bytes: Buffer, name: TypeName): Promise<number> {
  const decoded = await roundTrip(codec, bytes, name);
  if (typeof decoded === 'string') throw new Error(decoded);
  const before = valuesOf(bytes, name);
  const after = valuesOf(decoded, name);
  let worst = 0;
  for (let from = 0; from < before.length; from += SCALED_ELEMENTS) {
    const block = before.slice(from, from + SCALED_ELEMENTS);
    const most = max(...block.map(abs));
    block.forEach((value, i) => {
      const error = abs(value - after[from + i]!);
      if (error > 0 || most === 0) worst = max(worst, most === 0 ? error : error / most);
    });
  }
  return worst;
}

/** Bits of a type whose magnitude has a scale, from a random 32-bit number. */
function finite(bits: number, name: TypeName): number {
  const mask = name === 'float32' ? 0x7fffffff : 0x7fff;
  const sign = name === 'float32' ? bits & 0x80000000 : bits & 0x8000;
  return (sign | ((bits & mask) % (LARGEST[name] + 1))) >>> 0;
}

/** Bits whose magnitude certainly has a scale. */
const ONE: Record<TypeName, number> = { float16: 0x3c00, bfloat16: 0x3f80, float32: 0x3f800000 };
const SMALLEST: Record<TypeName, number> = { float16: 0x80, bfloat16: 0x80, float32: 0x800000 };
const LARGEST: Record<TypeName, number> = { float16: 0x7bff, bfloat16: 0x7f7f, float32: 0x7f000000 };

describe('lossy codecs', () => {
  it.each(CASES)(`keep the declared bound over random bits: ${OF}`, async ({ codec, name }) => {
    const random = new SeededRandom(1);
    for (let round = 0; round < 40; round++) {
      const patterns = Array.from({ length: 1024 }, () => finite(random.bytes(4).readUInt32LE(), name));
      // Whatever the others are: without it, a block of only tiny values might have no scale.
      for (let i = 0; i < patterns.length; i += SCALED_ELEMENTS) patterns[i] = ONE[name];
      expect(await worstError(codec, elements(patterns, name), name)).toBeLessThanOrEqual(codec.maxError);
    }
  });

  it.each(CASES)(`keep it around every power of two: ${OF}`, async ({ codec, name }) => {
    const random = new SeededRandom(2);
    const step = name === 'float32' ? 0x00010000 : 1;
    let worst = 0;
    for (let most = SMALLEST[name]; most <= LARGEST[name]; most += step * (1 + random.below(29))) {
      const sign = name === 'float32' ? 0x80000000 : 0x8000;
      const patterns = Array.from({ length: SCALED_ELEMENTS }, () => {
        const magnitude =
          random.below(2) === 0 ? random.below(most + 1) : most - random.below(min(most, 40 * step));
        return magnitude + (random.below(2) === 0 ? sign : 0);
      });
      patterns[random.below(SCALED_ELEMENTS)] = most;
      worst = max(worst, await worstError(codec, elements(patterns, name), name));
    }
    expect(worst).toBeLessThanOrEqual(codec.maxError);
    // A bound that nothing comes near would say little.
    expect(worst).toBeGreaterThan(codec.maxError * (name === 'bfloat16' ? 0.8 : 0.49));
  });

  it.each(CODECS)(
    'keep it for every bit pattern of a number of 16 bits: $codec.name, by $by',
    async ({ codec }) => {
      for (const name of ['float16', 'bfloat16'] as const) {
        const magnitudes = Array.from({ length: LARGEST[name] + 1 }, (_, bits) => bits);
        const patterns = [...magnitudes, ...magnitudes.map((bits) => bits | 0x8000)];
        // Between neighbours of like size, beside one that is much larger, and beside one that is the largest of all.
        for (const most of [undefined, ONE[name], LARGEST[name]]) {
          for (let from = 0; from < patterns.length; from += SCALED_ELEMENTS - 1) {
            const block = patterns.slice(from, from + SCALED_ELEMENTS - 1);
            const own = max(...block.map((bits) => bits & 0x7fff));
            const all = elements([...block, most ?? max(own, SMALLEST[name])], name);
            const error = await worstError(codec, all, name);
            expect(error).toBeLessThanOrEqual(codec.maxError);
          }
        }
      }
    },
  );

  it.each(CASES)(
    `give zeros back as they were, and equal values of 16 bits: ${OF}`,
    async ({ codec, name }) => {
      const zeros = Buffer.alloc(300 * bytesOf(name));
      expect((await roundTrip(codec, zeros, name)).toString('hex')).toBe(zeros.toString('hex'));
      for (const bits of name === 'float32' ? [] : [ONE[name], SMALLEST[name], LARGEST[name]]) {
        const same = elements(Array<number>(131).fill(bits), name);
        expect((await roundTrip(codec, same, name)).toString('hex')).toBe(same.toString('hex'));
      }
      const minus = elements([name === 'float32' ? 0x80000000 : 0x8000, ONE[name]], name);
      expect(valuesOf((await roundTrip(codec, minus, name)) as Buffer, name)[0]! + 0).toBe(0);
    },
  );

  it.each(CASES)(`give what they gave back once more: ${OF}`, async ({ codec, name }) => {
    const random = new SeededRandom(3);
    const patterns = Array.from({ length: 4096 }, (_, i) => {
      const magnitude = ONE[name] - random.below(ONE[name] >>> 2) + (i % 3);
      return magnitude + (random.below(2) === 0 ? (name === 'float32' ? 0x80000000 : 0x8000) : 0);
    });
    const once = await roundTrip(codec, elements(patterns, name), name);
    expect((await roundTrip(codec, once as Buffer, name)).toString('hex')).toBe(once.toString('hex'));
  });

  it.each(CASES)(`refuse what has no scale: ${OF}`, async ({ codec, name }) => {
    const inf = { float16: 0x7c00, bfloat16: 0x7f80, float32: 0x7f800000 }[name];
    const sign = name === 'float32' ? 0x80000000 : 0x8000;
    for (const bits of [inf, inf + sign, inf + 1, inf + sign + 7, 1, SMALLEST[name] - 1]) {
      const patterns = Array<number>(400).fill(0);
      patterns[399] = bits;
      expect(await roundTrip(codec, elements(patterns, name), name)).toBe('unfit');
    }
    expect(await roundTrip(codec, Buffer.alloc(2 * bytesOf(name) + 1), name)).toBe('unfit');
  });

  it.each(CASES)(`need no alignment: ${OF}`, async ({ codec, name }) => {
    const type = elementTypeNamed(name)!;
    const bytes = elements(
      Array.from({ length: 200 }, (_, i) => ONE[name] + i),
      name,
    );
    const odd = Buffer.alloc(bytes.length + 1).subarray(1);
    odd.set(bytes);
    const room = Buffer.alloc(bytes.length + 64).subarray(1);
    const { bytes: encoded, checksum } = (await codec.encode(odd, type, room)) as EncodedBlock;
    const target = Buffer.alloc(bytes.length + 1).subarray(1);
    expect(await codec.decode(encoded, type, target)).toBe(checksum);
    expect(target.toString('hex')).toBe((await roundTrip(codec, bytes, name)).toString('hex'));
  });

  it('takes no other types', () => {
    for (const { codec } of CODECS) {
      for (const name of ['float64', 'uint8', 'float8_e4m3fn']) {
        expect(codec.takes(elementTypeNamed(name)!)).toBe(false);
      }
      expect(codec.takes({ bytes: 2, code: 0 })).toBe(false);
      expect(codec.takes({ ...elementTypeNamed('bfloat16')!, bytes: 4 })).toBe(false);
    }
  });

  it.each(CASES)(`decode nothing of another length: ${OF}`, async ({ codec, name }) => {
    const type = elementTypeNamed(name)!;
    for (const length of [0, 131, 133]) {
      const target = Buffer.alloc(128 * type.bytes);
      expect(await codec.decode(Buffer.alloc(length), type, target)).toBeUndefined();
    }
  });
});

describeWithPeer(loadNative().reason)('codecs of the addon', () => {
  it.each(DEFINITIONS)(
    'give the same bits as the event loop, with any instructions: $name',
    async (definition) => {
      const inTurns = scaledCodec(definition, undefined);
      const others = WORKERS.slice(1).map(({ blocks }) => scaledCodec(definition, blocks));
      expect(others.length).toBeGreaterThan(0);
      const random = new SeededRandom(4);
      for (const name of TYPES) {
        const type = elementTypeNamed(name)!;
        for (const values of everyKind(name, random)) {
          const expected = await inTurns.encode(values, type, Buffer.alloc(values.length + 64));
          // Also of what no encoder writes.
          const numbers = values.length / type.bytes;
          const scales = Array.from({ length: Math.ceil(numbers / SCALED_ELEMENTS) }, () => scale(random));
          const encoded = Buffer.concat([...scales, random.bytes(numbers)]);
          const target = Buffer.alloc(values.length);
          const checksum = await inTurns.decode(encoded, type, target);
          for (const codec of others) {
            const made = await codec.encode(values, type, Buffer.alloc(values.length + 64));
            expect(made).toEqual(expected);
            const same = Buffer.alloc(values.length);
            expect(await codec.decode(encoded, type, same)).toBe(checksum);
            expect(same.equals(target)).toBe(true);
          }
        }
      }
    },
  );
});

/** Any number from 2^-40 to 2^40. */
function scale(random: SeededRandom): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(2 ** (random.below(80) - 40) * (1 + random.below(1000) / 1000));
  return bytes;
}

/** Blocks of which most have scales: of 16 bits every pattern, each beside others, of 32 bits random ones. */
function everyKind(name: TypeName, random: SeededRandom): Buffer[] {
  const sign = name === 'float32' ? 0x80000000 : 0x8000;
  const magnitudes = Array.from({ length: 0x8000 }, (_, i) =>
    name === 'float32' ? finite(random.bytes(4).readUInt32LE(), name) : i,
  );
  const patterns = [...magnitudes, ...magnitudes.map((bits) => (bits | sign) >>> 0)];
  return [1, 127, 128, 129, 1000, 40_000].flatMap((length) => {
    const blocks: Buffer[] = [];
    const count = length < 1000 ? 3 * length : patterns.length;
    for (let from = 0; from < count; from += length)
      blocks.push(elements(patterns.slice(from, from + length), name));
    return blocks;
  });
}
