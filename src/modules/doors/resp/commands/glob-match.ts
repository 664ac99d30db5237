const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/**
 * Redis's glob patterns on bytes: `*`, `?`, `[abc]`, `[^a-z]` and `\` before what stands for itself. Takes time in
 * proportion to the product of both lengths at worst.
 */
export function globMatch(pattern: Uint8Array, text: Uint8Array): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (t < text.length) {
    if (pattern[p] === STAR) {
      starAt = p++;
      resumeAt = t;
      continue;
    }
    const next = p < pattern.length ? matchOne(pattern, p, text[t] as number) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === STAR) p++;
  return p === pattern.length;
}

/** @returns the place in the pattern behind what matched the byte, or -1. */
function matchOne(pattern: Uint8Array, at: number, byte: number): number {
  const symbol = pattern[at];
  if (symbol === QUESTION) return at + 1;
  if (symbol === OPEN) return matchClass(pattern, at + 1, byte);
  const literal = symbol === BACKSLASH && at + 1 < pattern.length ? at + 1 : at;
  return pattern[literal] === byte ? literal + 1 : -1;
}

/** A class that is never closed ends with the pattern. */
function matchClass(pattern: Uint8Array, open: number, byte: number): number {
  const negated = pattern[open] === CARET;
  let at = negated ? open + 1 : open;
  let found = false;
  while (at < pattern.length && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      found ||= pattern[at + 1] === byte;
      at += 2;
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      found ||= isBetween(byte, pattern[at] as number, pattern[at + 2] as number);
      at += 3;
    } else {
      found ||= pattern[at] === byte;
      at++;
    }
  }
  return found === negated ? -1 : Math.min(at + 1, pattern.length);
}

function isBetween(byte: number, one: number, other: number): boolean {
  return byte >= Math.min(one, other) && byte <= Math.max(one, other);
}
