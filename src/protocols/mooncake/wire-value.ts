import { type WireType } from './wire-type.js';

/** One of several alternatives. */
export interface WireChoice {
  readonly index: number;
  readonly value: WireValue;
}

/** A value, or the code of an error in its place. */
export type WireExpected =
  | { readonly isError: false; readonly value: WireValue }
  | { readonly isError: true; readonly value: WireValue };

/** Integers of 8 bytes are `bigint`; nothing, and an optional that is not there, are `undefined`. */
export type WireValue =
  number | bigint | boolean | string | undefined | readonly WireValue[] | WireChoice | WireExpected;

/** How many bytes the lengths of texts and lists take: the same in all of one message. */
export type LengthBytes = 1 | 2 | 4 | 8;

/** Of a text in UTF-8, for each of its units in UTF-16. */
const MAX_UNIT_BYTES = 3;
/** More than any message has that says something: what takes no bytes could be there without end. */
const VALUES_A_BYTE = 4;
const VALUES_AT_LEAST = 65_536;

/** Reads values from `bytes`, one after another. @throws RangeError for bytes that are no value of the type. */
export class WireReader {
  at = 0;
  /** How many values there may be yet. */
  #left: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly lengthBytes: LengthBytes,
  ) {
    this.#left = VALUES_AT_LEAST + VALUES_A_BYTE * bytes.length;
  }

  read(type: WireType): WireValue {
    if (--this.#left < 0) throw new RangeError('more values than its bytes can mean');
    return this.#value(type);
  }

  #value(type: WireType): WireValue {
    switch (type.kind) {
      case 'integer':
        return this.#integer(type.bytes, type.isSigned);
      case 'flag':
        return this.#byte() !== 0;
      case 'text':
        return this.#text();
      case 'void':
        return undefined;
      case 'optional':
        return this.#byte() === 0 ? undefined : this.read(type.item);
      case 'list':
        return this.#list(type.item);
      case 'struct':
        return type.items.map((item) => this.read(item));
      case 'variant':
        return this.#choice(type.items);
      case 'expected':
        return this.#byte() === 0
          ? { isError: true, value: this.read(type.error) }
          : { isError: false, value: this.read(type.item) };
    }
  }

  #choice(items: readonly WireType[]): WireChoice {
    const index = this.#byte();
    const type = items[index];
    if (type === undefined) throw new RangeError('an alternative that there is not');
    return { index, value: this.read(type) };
  }

  #list(item: WireType): readonly WireValue[] {
    const count = this.#length();
    if (count > this.#left) throw new RangeError('a list that is longer than its bytes can mean');
    const values: WireValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.read(item));
    return values;
  }

  #text(): string {
    const length = this.#length();
    const end = this.at + length;
    if (end > this.bytes.length) throw new RangeError('a text that is longer than its bytes');
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  #length(): number {
    return this.lengthBytes === 1 ? this.#byte() : Number(this.#integer(this.lengthBytes, false));
  }

  #byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError('a value that is cut off');
    return byte;
  }

  #integer(bytes: LengthBytes, isSigned: boolean): number | bigint {
    const { at } = this;
    this.at += bytes;
    if (bytes === 8) return isSigned ? this.bytes.readBigInt64LE(at) : this.bytes.readBigUInt64LE(at);
    return isSigned ? this.bytes.readIntLE(at, bytes) : this.bytes.readUIntLE(at, bytes);
  }
}

/** Writes values one after another. */
export class WireWriter {
  /** A text or a list was longer than its length can say: what was written is worth nothing. */
  isTooNarrow = false;
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  constructor(private readonly lengthBytes: LengthBytes) {}

  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  write(type: WireType, value: WireValue): void {
    switch (type.kind) {
      case 'optional':
        this.#number(1, value === undefined ? 0 : 1);
        if (value !== undefined) this.write(type.item, value);
        break;
      case 'list':
        this.#list(type.item, value as readonly WireValue[]);
        break;
      case 'struct':
        for (const [i, item] of type.items.entries()) this.write(item, (value as readonly WireValue[])[i]);
        break;
      case 'variant':
        this.#choice(type.items, value as WireChoice);
        break;
      case 'expected':
        this.#expected(type.item, type.error, value as WireExpected);
        break;
      default:
        this.#scalar(type, value);
    }
  }

  #scalar(type: WireType, value: WireValue): void {
    if (type.kind === 'integer') this.#integer(type.bytes, BigInt(value as number | bigint));
    else if (type.kind === 'flag') this.#number(1, value === true ? 1 : 0);
    else if (type.kind === 'text') this.#text(value as string);
  }

  #choice(items: readonly WireType[], { index, value }: WireChoice): void {
    this.#number(1, index);
    this.write(items[index] as WireType, value);
  }

  #expected(item: WireType, error: WireType, { isError, value }: WireExpected): void {
    this.#number(1, isError ? 0 : 1);
    this.write(isError ? error : item, value);
  }

  #list(item: WireType, values: readonly WireValue[]): void {
    this.#lengthOf(values.length);
    for (const value of values) this.write(item, value);
  }

  /** Its length is known when it is written, and stands in front of it. */
  #text(text: string): void {
    this.#room(this.lengthBytes + MAX_UNIT_BYTES * text.length);
    const start = this.#length;
    const length = this.#bytes.write(text, start + this.lengthBytes);
    this.#lengthOf(length);
    this.#length = start + this.lengthBytes + length;
  }

  #lengthOf(length: number): void {
    this.isTooNarrow ||= length >= 2 ** (8 * this.lengthBytes);
    this.#number(this.lengthBytes, length);
  }

  /** @param value below 2³². What is too large is cut off. */
  #number(bytes: LengthBytes, value: number): void {
    this.#room(bytes);
    for (let i = 0; i < bytes; i++) this.#bytes[this.#length++] = i < 4 ? value >>> (8 * i) : 0;
  }

  #integer(bytes: LengthBytes, value: bigint): void {
    this.#room(8);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(8 * bytes, value), this.#length);
    this.#length += bytes;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
