import { readFileSync } from 'node:fs';

/** Bytes of a message: whole, or only their beginning and hash. */
export interface TranscriptBlob {
  readonly len: number;
  readonly hex?: string;
  readonly head?: string;
  readonly sha256?: string;
}

export type TranscriptMessage =
  string | TranscriptBlob | readonly TranscriptMessage[] | { readonly '%': readonly TranscriptMessage[] };

/** One message of recorded traffic; `test/vectors/README.md` explains the fields. */
export interface TranscriptRecord {
  readonly s: number;
  readonly n: number;
  readonly c: number;
  readonly d: '>' | '<';
  readonly b: number;
  readonly m: TranscriptMessage;
  readonly x: string;
}

/** The messages of a transcript in `test/vectors`, without the records that only describe. */
export function readTranscript(name: string): readonly TranscriptRecord[] {
  const path = new URL(`../vectors/${name}.jsonl`, import.meta.url);
  const records = readFileSync(path, 'utf8').trim().split('\n');
  return records.map((line) => JSON.parse(line) as TranscriptRecord).filter((record) => 'm' in record);
}

/** A blob's bytes; what was not recorded is filled with the byte that it begins with. */
export function blobBytes(blob: TranscriptBlob): Buffer {
  if (blob.hex !== undefined) return Buffer.from(blob.hex, 'hex');
  const head = Buffer.from(blob.head ?? '', 'hex');
  return Buffer.alloc(blob.len, head[0]).fill(head, 0, head.length);
}

/** A recorded request's arguments. */
export function requestArguments(record: TranscriptRecord): Buffer[] {
  const parts = record.m as readonly (string | TranscriptBlob)[];
  return parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : blobBytes(part)));
}

/** A recorded request as it stood on the wire. */
export function requestBytes(record: TranscriptRecord): Buffer {
  const args = requestArguments(record);
  return Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...args.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from('\r\n')]),
  ]);
}

/** A recorded reply as it stood on the wire. */
export function replyBytes(message: TranscriptMessage): Buffer {
  if (typeof message === 'string') return Buffer.from(`${message}\r\n`);
  if ('len' in message) return bulk(blobBytes(message));
  if ('%' in message) return aggregate('%', message['%'], message['%'].length / 2);
  return aggregate('*', message, message.length);
}

function aggregate(type: string, items: readonly TranscriptMessage[], length: number): Buffer {
  const parts = items.map((item) =>
    typeof item === 'string' && !item.startsWith(':') ? bulk(Buffer.from(item)) : replyBytes(item),
  );
  return Buffer.concat([Buffer.from(`${type}${length}\r\n`), ...parts]);
}

function bulk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}
