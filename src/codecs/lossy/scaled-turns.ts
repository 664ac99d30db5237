import { crc32c } from '../../common/crc32c.js';
import { ownTurn } from '../own-turn.js';
import { type EightBits, SCALED_ELEMENTS } from './eight-bits.interface.js';
import { type Elements, type FloatFormat, type Values } from './float-format.js';
import { type ScaledWork } from './scaled-work.interface.js';

const SCALE_BYTES = 4;
/** In one turn of the event loop: half a millisecond of work. */
const TURN_ELEMENTS = 128 * SCALED_ELEMENTS;

/** All of them are worked on in one go. */
const FLOATS = new Float32Array(SCALED_ELEMENTS);
const VALUES: Values = { floats: FLOATS, bits: new Uint32Array(FLOATS.buffer) };

/** Work on the event loop, in turns. */
export class ScaledTurns implements ScaledWork {
  constructor(private readonly numbers: EightBits) {}

  async encode(format: FloatFormat, block: Buffer, encoded: Buffer): Promise<number> {
    const elements = format.over(aligned(block, format));
    const decoded = Buffer.allocUnsafeSlow(Math.min(block.length, TURN_ELEMENTS * format.bytes));
    let checksum = 0;
    for (let from = 0; from < elements.length; from += TURN_ELEMENTS) {
      await ownTurn();
      const count = Math.min(TURN_ELEMENTS, elements.length - from);
      if (!this.#encodeTurn(elements, from, count, format, encoded)) return -1;
      const part = decoded.subarray(0, count * format.bytes);
      this.#decodeTurn(encoded, from, count, format, elements.length, format.over(part));
      checksum = crc32c(part, checksum);
    }
    return checksum;
  }

  async decode(format: FloatFormat, encoded: Buffer, block: Buffer): Promise<number> {
    const length = block.length / format.bytes;
    const decoded = Buffer.allocUnsafeSlow(Math.min(block.length, TURN_ELEMENTS * format.bytes));
    let checksum = 0;
    for (let from = 0; from < length; from += TURN_ELEMENTS) {
      await ownTurn();
      const count = Math.min(TURN_ELEMENTS, length - from);
      const part = decoded.subarray(0, count * format.bytes);
      this.#decodeTurn(encoded, from, count, format, length, format.over(part));
      part.copy(block, from * format.bytes);
      checksum = crc32c(part, checksum);
    }
    return checksum;
  }

  /** @returns false for values that have no scale. */
  #encodeTurn(
    elements: Elements,
    start: number,
    many: number,
    format: FloatFormat,
    encoded: Buffer,
  ): boolean {
    const { numbers } = this;
    const first = encoded.length - elements.length;
    for (let from = start; from < start + many; from += SCALED_ELEMENTS) {
      const count = Math.min(SCALED_ELEMENTS, elements.length - from);
      const scale = scaleOf(elements, from, count, format, numbers.peak);
      if (scale === undefined) return false;
      encoded.writeFloatLE(scale, scaleAt(from));
      if (scale === 0) {
        encoded.fill(0, first + from, first + from + count);
        continue;
      }
      format.load(elements, from, count, VALUES);
      numbers.encode(VALUES, count, 1 / scale, encoded, first + from);
    }
    return true;
  }

  /** @param length of the whole block, in elements. */
  #decodeTurn(
    encoded: Buffer,
    start: number,
    many: number,
    format: FloatFormat,
    length: number,
    elements: Elements,
  ): void {
    const first = encoded.length - length;
    for (let to = 0; to < many; to += SCALED_ELEMENTS) {
      const count = Math.min(SCALED_ELEMENTS, many - to);
      const from = start + to;
      this.numbers.decode(encoded, first + from, count, encoded.readFloatLE(scaleAt(from)), VALUES);
      format.store(VALUES, count, elements, to);
    }
  }
}

function scaleAt(element: number): number {
  return (element / SCALED_ELEMENTS) * SCALE_BYTES;
}

/** The same bytes where elements can be read. */
function aligned(bytes: Buffer, format: FloatFormat): Buffer {
  if (bytes.byteOffset % format.bytes === 0) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** @returns 0 where all values are zero. */
function scaleOf(
  elements: Elements,
  from: number,
  count: number,
  format: FloatFormat,
  peak: number,
): number | undefined {
  const { magnitudeMask, smallest, largest } = format;
  let most = 0;
  let at = from;
  for (let i = from; i < from + count; i++) {
    const magnitude = (elements[i] as number) & magnitudeMask;
    if (magnitude > most) {
      most = magnitude;
      at = i;
    }
  }
  if (most === 0) return 0;
  if (most < smallest || most > largest) return undefined;
  format.load(elements, at, 1, VALUES);
  return Math.fround(Math.abs(VALUES.floats[0] as number) / peak);
}
