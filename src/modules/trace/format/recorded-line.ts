import { PACKAGE_VERSION } from '../../../common/package-version.js';

/** What the first line of a recorded trace says under `kvnest_trace`. */
export const TRACE_VERSION = 1;

/** The first line of a file. */
export function headerLine(startedAt: Date, chunkTokens: number): string {
  return line({
    kvnest_trace: TRACE_VERSION,
    started_at: startedAt.toISOString(),
    chunk_tokens: chunkTokens,
    server: PACKAGE_VERSION,
  });
}

/** @param tokens of the whole prompt, 0 = unknown. */
export function lookupLine(timeMs: number, keys: readonly string[], tokens: number): string {
  return line({ t: timeMs, op: 'lookup', keys, ...(tokens > 0 && { tokens }) });
}

/** A lookup that reads what it finds. */
export function retrieveLine(timeMs: number, keys: readonly string[], tokens: number): string {
  return line({ t: timeMs, op: 'retrieve', keys, ...(tokens > 0 && { tokens }) });
}

/** @param bytes length of the chunk; undefined = it was not there. */
export function getLine(timeMs: number, key: string, bytes: number | undefined): string {
  return line({ t: timeMs, op: 'get', key, ...(bytes !== undefined && { bytes }) });
}

/** @param depth chunks in front of it, -1 = unknown. */
export function putLine(timeMs: number, key: string, bytes: number, depth: number): string {
  return line({ t: timeMs, op: 'put', key, bytes, ...(depth >= 0 && { depth }) });
}

/** Stands where events are missing, for the disk did not keep up. */
export function lostLine(timeMs: number, events: number): string {
  return line({ t: timeMs, op: 'lost', events });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
