import { parse } from 'yaml';
import { parseByteSize } from './byte-size.js';

/**
 * Conversions from what a file, the environment or the command line says. Each returns its argument unchanged when it
 * cannot be read, so that validation can show the user what he wrote.
 */
export type Conversion = (value: unknown) => unknown;

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** `yes` and `on` are booleans in YAML 1.1, which LMCache's files are written in, and plain words in YAML 1.2. */
export const toFlag: Conversion = (value) => {
  const word = String(value).trim().toLowerCase();
  if (typeof value !== 'string' && value !== 0 && value !== 1) return value;
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : value;
};

export const toNumber: Conversion = (value) =>
  typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value;

export const toBytes: Conversion = (value) => parseByteSize(value) ?? value;

export const toText: Conversion = (value) => (typeof value === 'number' ? String(value) : value);

export const asIs: Conversion = (value) => value;

/** One text stands for a list of itself; a list may be written as YAML or JSON, too. */
export const toTexts: Conversion = (value) => {
  if (typeof value !== 'string') return value;
  return value.trimStart().startsWith('[') ? parseOr(value, value) : [value];
};

/** As `toTexts`, and text with commas is a list, as in LMCache's variables. */
export const toNames: Conversion = (value) => {
  const texts = toTexts(value);
  if (!Array.isArray(texts) || typeof value !== 'string') return texts;
  return texts.flatMap((text: unknown) => (typeof text === 'string' ? splitAtCommas(text) : [text]));
};

function splitAtCommas(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

function parseOr(text: string, otherwise: unknown): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return otherwise;
  }
}
