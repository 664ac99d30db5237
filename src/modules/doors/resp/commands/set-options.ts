import { type PutOptions } from '../keyspace/key-writer.js';
import { expiryMs, type TimeUnit } from './expiry.js';

const UNITS: Readonly<Record<string, TimeUnit>> = {
  EX: { milliseconds: false, absolute: false },
  PX: { milliseconds: true, absolute: false },
  EXAT: { milliseconds: false, absolute: true },
  PXAT: { milliseconds: true, absolute: true },
};
const SYNTAX_ERROR = 'ERR syntax error';

interface Draft {
  condition: PutOptions['condition'];
  keepExpiry: boolean;
  time: { readonly text: Buffer; readonly unit: TimeUnit } | undefined;
}

/** Reads what stands behind the value of a `SET`. @returns the options, or the text of Redis's error. */
export function parseSetOptions(args: readonly Buffer[], nowMs: number): PutOptions | string {
  const draft: Draft = { condition: undefined, keepExpiry: false, time: undefined };
  for (let index = 3; index < args.length;) {
    const taken = take(draft, args, index);
    if (taken === 0) return SYNTAX_ERROR;
    index += taken;
  }
  const { condition, keepExpiry, time } = draft;
  if (time === undefined) return { condition, keepExpiry, expiresAtMs: 0 };
  const expiresAtMs = expiryMs(time.text, time.unit, nowMs, 'set');
  if (typeof expiresAtMs === 'string') return expiresAtMs;
  if (time.text[0] === 0x30 || time.text[0] === 0x2d) return "ERR invalid expire time in 'set' command";
  return { condition, keepExpiry, expiresAtMs };
}

/** @returns how many arguments the option at `index` takes, 0 when it is none or contradicts another. */
function take(draft: Draft, args: readonly Buffer[], index: number): number {
  const word = (args[index] as Buffer).toString('latin1').toUpperCase();
  const unit = UNITS[word];
  if (unit !== undefined) {
    const text = args[index + 1];
    if (text === undefined || draft.keepExpiry || (draft.time ?? { unit }).unit !== unit) return 0;
    draft.time = { text, unit };
    return 2;
  }
  if (word === 'KEEPTTL' && draft.time === undefined) draft.keepExpiry = true;
  else if (word === 'NX' && draft.condition !== 'present') draft.condition = 'absent';
  else if (word === 'XX' && draft.condition !== 'absent') draft.condition = 'present';
  else return 0;
  return 1;
}
