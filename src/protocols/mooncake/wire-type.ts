/** A type of struct_pack, as its literal says it. */
export type WireType =
  | { readonly kind: 'integer'; readonly bytes: 1 | 2 | 4 | 8; readonly isSigned: boolean }
  | { readonly kind: 'flag' | 'text' | 'void' }
  | { readonly kind: 'list' | 'optional'; readonly item: WireType }
  | { readonly kind: 'struct' | 'variant'; readonly items: readonly WireType[] }
  | { readonly kind: 'expected'; readonly item: WireType; readonly error: WireType };

const FLAG = 0x0b;
const CHARACTER = 0x0c;
const TEXT = 0x80;
const LIST = 0x84;
const OPTIONAL = 0x85;
const VARIANT = 0x86;
const EXPECTED = 0x87;
/** Size and alignment of a struct that is copied as it lies in memory: the same bytes on the wire. */
const LAYOUT_MARK = 0x89;
const VOID = 0xfa;
const STRUCT = 0xfd;
const END = 0xff;

const INTEGERS: Readonly<Record<number, WireType>> = {
  0x01: { kind: 'integer', bytes: 4, isSigned: true },
  0x02: { kind: 'integer', bytes: 4, isSigned: false },
  0x03: { kind: 'integer', bytes: 8, isSigned: true },
  0x04: { kind: 'integer', bytes: 8, isSigned: false },
  0x05: { kind: 'integer', bytes: 1, isSigned: true },
  0x06: { kind: 'integer', bytes: 1, isSigned: false },
  0x07: { kind: 'integer', bytes: 2, isSigned: true },
  0x08: { kind: 'integer', bytes: 2, isSigned: false },
};

const MAX_DEPTH = 32;
const MAX_KNOWN = 128;
const known = new Map<string, WireType | undefined>();

/** @returns undefined for what is no literal, or has a type in it that is not known here. */
export function parseTypeLiteral(literal: Uint8Array): WireType | undefined {
  const text = Buffer.from(literal.buffer, literal.byteOffset, literal.length).toString('latin1');
  if (known.has(text)) return known.get(text);
  const parser = new LiteralParser(literal);
  const type = parser.parse(0);
  const whole = parser.isAtEnd ? type : undefined;
  if (known.size < MAX_KNOWN) known.set(text, whole);
  return whole;
}

class LiteralParser {
  #at = 0;

  constructor(private readonly literal: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.#at === this.literal.length;
  }

  parse(depth: number): WireType | undefined {
    const code = this.literal[this.#at++];
    if (code === undefined || depth > MAX_DEPTH) return undefined;
    switch (code) {
      case FLAG:
        return { kind: 'flag' };
      case VOID:
        return { kind: 'void' };
      case TEXT:
        return this.literal[this.#at++] === CHARACTER ? { kind: 'text' } : undefined;
      case LIST:
        return wrap('list', this.parse(depth + 1));
      case OPTIONAL:
        return wrap('optional', this.parse(depth + 1));
      case VARIANT:
        return this.#items('variant', depth);
      case STRUCT:
        return this.#items('struct', depth);
      case EXPECTED:
        return this.#expected(depth);
      default:
        return INTEGERS[code];
    }
  }

  #expected(depth: number): WireType | undefined {
    const item = this.parse(depth + 1);
    const error = this.parse(depth + 1);
    return item === undefined || error === undefined ? undefined : { kind: 'expected', item, error };
  }

  #items(kind: 'struct' | 'variant', depth: number): WireType | undefined {
    const items: WireType[] = [];
    for (;;) {
      const code = this.literal[this.#at];
      if (code === END) break;
      if (code === LAYOUT_MARK) {
        this.#at++;
        continue;
      }
      const item = this.parse(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    this.#at++;
    return { kind, items };
  }
}

function wrap(kind: 'list' | 'optional', item: WireType | undefined): WireType | undefined {
  return item === undefined ? undefined : { kind, item };
}
