import { NOT_AN_INTEGER, parseInt64 } from './integer.js';

/** How a client gives a time: seconds or milliseconds, from now or since the epoch. */
export interface TimeUnit {
  readonly milliseconds: boolean;
  readonly absolute: boolean;
}

export const SECONDS_FROM_NOW: TimeUnit = { milliseconds: false, absolute: false };

const MAX_MS = 2n ** 63n - 1n;
/** The last time that a Date can hold; whatever expires later never does so here. */
const LAST_MS = 8_640_000_000_000_000n;

/**
 * @param command in lower case, for the message.
 * @returns epoch milliseconds (0 or less: long past), or the text of Redis's error.
 */
export function expiryMs(text: Buffer, unit: TimeUnit, nowMs: number, command: string): number | string {
  const value = parseInt64(text);
  if (value === undefined) return NOT_AN_INTEGER;
  const overflow = `ERR invalid expire time in '${command}' command`;
  const scaled = unit.milliseconds ? value : value * 1000n;
  const expiresAtMs = unit.absolute ? scaled : scaled + BigInt(nowMs);
  if (scaled > MAX_MS || scaled < -MAX_MS - 1n || expiresAtMs > MAX_MS) return overflow;
  return Number(expiresAtMs > LAST_MS ? LAST_MS : expiresAtMs);
}
