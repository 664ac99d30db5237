const SINGLE = 0x27;
const DOUBLE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, a: 0x07 };

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/**
 * Splits an inline command into its arguments by Redis's rules: white space separates, double quotes take `\n`,
 * `\xhh` and the like, single quotes only `\'`, and a closing quote must be followed by a space.
 *
 * @returns undefined when the quotes are unbalanced.
 */
export function splitInlineArguments(line: Uint8Array): Buffer[] | undefined {
  const args: Buffer[] = [];
  const scratch = Buffer.allocUnsafe(line.length);
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at] as number)) at++;
    if (at >= line.length) return args;
    const argument = readArgument(line, at, scratch);
    if (argument === undefined) return undefined;
    args.push(Buffer.from(scratch.subarray(0, argument.length)));
    at = argument.next;
  }
}

interface ReadArgument {
  readonly length: number;
  readonly next: number;
}

function readArgument(line: Uint8Array, start: number, scratch: Buffer): ReadArgument | undefined {
  let length = 0;
  let at = start;
  while (at < line.length) {
    const byte = line[at] as number;
    if (isSpace(byte)) break;
    if (byte !== SINGLE && byte !== DOUBLE) {
      scratch[length++] = byte;
      at++;
      continue;
    }
    const quoted = readQuoted(line, at, scratch, length);
    if (quoted === undefined) return undefined;
    return quoted;
  }
  return { length, next: at };
}

/** Reads from an opening quote to its closing one, which ends the argument. */
function readQuoted(line: Uint8Array, open: number, scratch: Buffer, from: number): ReadArgument | undefined {
  const quote = line[open] as number;
  let length = from;
  let at = open + 1;
  while (at < line.length) {
    const byte = line[at] as number;
    if (byte === quote) {
      const next = at + 1;
      return next === line.length || isSpace(line[next] as number) ? { length, next } : undefined;
    }
    if (byte === BACKSLASH && at + 1 < line.length) {
      const escape = readEscape(line, at, quote);
      scratch[length++] = escape.byte;
      at += escape.bytes;
    } else {
      scratch[length++] = byte;
      at++;
    }
  }
  return undefined;
}

function readEscape(line: Uint8Array, at: number, quote: number): { byte: number; bytes: number } {
  const next = line[at + 1] as number;
  if (quote === SINGLE) return next === SINGLE ? { byte: SINGLE, bytes: 2 } : { byte: BACKSLASH, bytes: 1 };
  const character = String.fromCharCode(next);
  if (character === 'x' && at + 3 < line.length) {
    const hex = String.fromCharCode(line[at + 2] as number, line[at + 3] as number);
    if (/^[0-9a-fA-F]{2}$/.test(hex)) return { byte: Number.parseInt(hex, 16), bytes: 4 };
  }
  return { byte: ESCAPES[character] ?? next, bytes: 2 };
}
