import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A message of the recording: a header, the bytes behind it, or the end of one direction. */
export interface LmTranscriptRecord {
  readonly connection: number;
  readonly fromClient: boolean;
  /** Undefined where the direction ends. */
  readonly bytes: Buffer | undefined;
}

interface Line {
  readonly c?: number;
  readonly d?: '>' | '<';
  readonly eof?: boolean;
  readonly x?: string;
  readonly m?: {
    readonly payload?: { readonly len: number; readonly head: string; readonly sha256: string };
  };
}

/** The recorded traffic of LMCache's client and server, byte by byte. */
export function readLmTranscript(): readonly LmTranscriptRecord[] {
  const path = new URL('../vectors/lmcache-lm-transcript.jsonl', import.meta.url);
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  return lines
    .filter(({ d }) => d !== undefined)
    .map((line) => ({
      connection: line.c ?? 0,
      fromClient: line.d === '>',
      bytes: line.eof === true ? undefined : messageBytes(line),
    }));
}

/** Of a payload only the beginning and a digest were kept: the recorded ones repeat one byte. */
function messageBytes({ x = '', m }: Line): Buffer {
  if (m?.payload === undefined) return Buffer.from(x, 'hex');
  const { len, head, sha256 } = m.payload;
  const bytes = Buffer.alloc(len, Buffer.from(head, 'hex'));
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error('not the recorded bytes');
  return bytes;
}
