import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { type ProcessExit } from './supervised-process.interface.js';

/** What a supervisor tells. */
export type SupervisorLine =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'failed'; readonly step: string; readonly error: string }
  | { readonly kind: 'ended'; readonly exit: ProcessExit };

/** @returns undefined for a line that is none. */
export function parseSupervisorLine(line: string): SupervisorLine | undefined {
  const [word, ...rest] = line.split(' ');
  const number = Number(rest.at(-1));
  if (!Number.isSafeInteger(number)) return undefined;
  switch (word) {
    case 'started':
      return { kind: 'started', pid: number };
    case 'failed':
      return { kind: 'failed', step: rest[0] ?? '', error: getSystemErrorName(-number) };
    case 'exited':
      return { kind: 'ended', exit: { code: number, signal: undefined } };
    case 'killed':
      return { kind: 'ended', exit: { code: undefined, signal: signalName(number) } };
    default:
      return undefined;
  }
}

function signalName(number: number): string {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  return known?.[0] ?? `SIG${number}`;
}
