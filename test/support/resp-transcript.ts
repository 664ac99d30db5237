import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeCommand } from './resp-client.js';

/** A value of which the recording has only the length and a digest. */
interface Blob {
  readonly len: number;
  readonly head: string;
  readonly sha256: string;
}

type Message = string | readonly Argument[] | { readonly len: number; readonly hex: string } | Blob;
type Argument = string | { readonly len: number; readonly hex: string } | Blob;

/** One message of a recording, in the order of its first byte. */
export interface TranscriptRecord {
  readonly connection: number;
  readonly fromClient: boolean;
  readonly eof: boolean;
  readonly message: Message | { readonly '%': readonly unknown[] };
  readonly bytes: number;
}

export interface TranscriptSection {
  readonly what: string;
  readonly records: readonly TranscriptRecord[];
}

interface Line {
  readonly format?: string;
  readonly meta?: { readonly what: string };
  readonly c?: number;
  readonly d?: string;
  readonly eof?: boolean;
  readonly m?: TranscriptRecord['message'];
  readonly b?: number;
}

/** Reads a recording of a Redis client and server. */
export function readTranscript(name: string): readonly TranscriptSection[] {
  const path = new URL(`../vectors/${name}`, import.meta.url);
  const sections: { what: string; records: TranscriptRecord[] }[] = [];
  for (const text of readFileSync(path, 'utf8').trim().split('\n')) {
    const line = JSON.parse(text) as Line;
    if (line.meta !== undefined) sections.push({ what: line.meta.what, records: [] });
    if (line.d === undefined) continue;
    sections.at(-1)?.records.push({
      connection: line.c ?? 0,
      fromClient: line.d === '>',
      eof: line.eof === true,
      message: line.m ?? '',
      bytes: line.b ?? 0,
    });
  }
  return sections;
}

/** The bytes of a message: of a command, or of the reply that was recorded. Undefined for a map. */
export function encodeMessage(message: TranscriptRecord['message']): Buffer | undefined {
  if (typeof message === 'string') return Buffer.from(`${message}\r\n`, 'latin1');
  if (Array.isArray(message)) return encodeCommand(...(message as readonly Argument[]).map(contents));
  if (!('len' in message)) return undefined;
  return Buffer.concat([Buffer.from(`$${message.len}\r\n`), contents(message), Buffer.from('\r\n')]);
}

/** The recorded bytes where they are known or one byte repeated, else bytes of the same length and beginning. */
function contents(argument: Argument): Buffer {
  if (typeof argument === 'string') return Buffer.from(argument, 'latin1');
  if ('hex' in argument) return Buffer.from(argument.hex, 'hex');
  const head = Buffer.from(argument.head, 'hex');
  const repeated = Buffer.alloc(argument.len, head[0]);
  if (createHash('sha256').update(repeated).digest('hex') === argument.sha256) return repeated;
  const filler = createHash('sha256').update(argument.sha256).digest();
  const bytes = Buffer.alloc(argument.len, filler);
  head.copy(bytes);
  return bytes;
}
