/**
 * What a request may ask for, by its number on the wire. Those with a number have headers of their own and carry the
 * bytes of chunks; `NAMED` is any message pattern of the server, by name, in JSON.
 */
export const PATTERNS = {
  NAMED: 0,
  EXISTS: 1,
  GET: 2,
  PUT: 3,
  DELETE: 4,
  PIN: 5,
  UNPIN: 6,
  LOOKUP: 7,
  STORE: 8,
  RETRIEVE: 9,
  LOCATE: 10,
  RELEASE: 11,
  SUMMARY: 12,
} as const;

export type Pattern = (typeof PATTERNS)[keyof typeof PATTERNS];
