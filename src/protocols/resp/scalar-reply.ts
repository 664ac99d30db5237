import { RespErrorReply, type RespValue } from './resp-reply.interface.js';

const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const COMMA = 0x2c;
const HASH = 0x23;
const UNDERSCORE = 0x5f;
const PARENTHESIS = 0x28;

/** @returns whether a reply of this type is a single line. */
export function isScalarType(type: number): boolean {
  return (
    type === PLUS ||
    type === MINUS ||
    type === COLON ||
    type === COMMA ||
    type === HASH ||
    type === UNDERSCORE ||
    type === PARENTHESIS
  );
}

/** Reads the text behind a type's character. @returns undefined when it is no value of that type. */
export function parseScalar(type: number, text: string): RespValue | undefined {
  switch (type) {
    case PLUS:
      return text;
    case MINUS:
      return new RespErrorReply(text);
    case COLON:
      return parseInteger(text);
    case PARENTHESIS:
      return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
    case COMMA:
      return parseDouble(text);
    case HASH:
      return text === 't' ? true : text === 'f' ? false : undefined;
    default:
      return text === '' ? null : undefined;
  }
}

function parseInteger(text: string): number | bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text.replace('+', ''));
}

function parseDouble(text: string): number | undefined {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^-?nan$/i.test(text)) return Number.NaN;
  return /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
