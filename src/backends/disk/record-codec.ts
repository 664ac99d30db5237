import { type ChunkForm, formNumber, formOf } from '../../protocols/chunk-form/chunk-form.js';
import { type PageRun } from '../../arena/page-allocator.js';

/** What a record says. */
export const RecordType = { Put: 1, Remove: 2, Expire: 3, Uses: 4 } as const;
/** Puts of chunks that are not as they were put have a type of their own: a version that knows no forms must not read them. */
const FORMED_PUT = 0x80;

/** Everything that is kept of a chunk besides its bytes. */
export interface PutRecord {
  /** Grows with every put and use; tells two chunks apart that had the same blocks at different times. */
  readonly sequence: number;
  /** The sequence of the last use: the order of chunks by recency. */
  readonly lastUse: number;
  readonly namespace: number;
  readonly key: Buffer;
  readonly metadata: Buffer;
  readonly lengthBytes: number;
  /** CRC-32C of the bytes. */
  readonly checksum: number;
  readonly expiresAtMs: number;
  readonly depth: number;
  readonly form: ChunkForm;
  readonly runs: readonly PageRun[];
}

const PUT_HEAD_BYTES = 52;
const RUN_BYTES = 8;
const REMOVE_BYTES = 16;
const EXPIRE_BYTES = 24;
const USES_HEAD_BYTES = 8;
const USE_BYTES = 12;
const U32 = 2 ** 32;

/** A value is in at most so many runs of blocks; then its record fits a journal record with any key and metadata. */
export const MAX_RUNS = 4096;
/** No record is longer than this. */
export const MAX_BODY_BYTES = 40 * 1024;

export function putRecordBytes(keyBytes: number, metadataBytes: number, runs: number): number {
  return PUT_HEAD_BYTES + runs * RUN_BYTES + keyBytes + metadataBytes;
}

/** Writes a put record to the start of `body`, which has exactly its length. */
export function encodePut(body: Buffer, record: PutRecord): void {
  body.fill(0, 0, PUT_HEAD_BYTES);
  body.writeUInt8(putType(record.form), 0);
  body.writeUInt16LE(record.key.length, 2);
  body.writeUInt32LE(record.namespace, 4);
  writeU64(body, record.sequence, 8);
  writeU64(body, record.lengthBytes, 16);
  writeU64(body, record.expiresAtMs, 24);
  body.writeUInt32LE(record.checksum, 32);
  body.writeInt32LE(record.depth, 36);
  body.writeUInt16LE(record.metadata.length, 40);
  body.writeUInt16LE(record.runs.length, 42);
  writeU64(body, record.lastUse, 44);
  let at = PUT_HEAD_BYTES;
  for (const { page, pages } of record.runs) {
    at = body.writeUInt32LE(page, at);
    at = body.writeUInt32LE(pages, at);
  }
  at += record.key.copy(body, at);
  record.metadata.copy(body, at);
}

/** A put record where it lies: reads single fields without taking the record apart. */
export class PutRecordView {
  #body: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @param at where in `body` the record starts. */
  over(body: Buffer, at = 0): this {
    this.#body = body;
    this.#at = at;
    return this;
  }

  get bytes(): number {
    return putRecordBytes(this.#keyLength, this.#metadataLength, this.#runCount);
  }

  /** The record itself; not a copy. */
  get body(): Buffer {
    return this.#body.subarray(this.#at, this.#at + this.bytes);
  }

  get namespace(): number {
    return this.#body.readUInt32LE(this.#at + 4);
  }

  get sequence(): number {
    return readU64(this.#body, this.#at + 8);
  }

  get lengthBytes(): number {
    return readU64(this.#body, this.#at + 16);
  }

  get expiresAtMs(): number {
    return readU64(this.#body, this.#at + 24);
  }

  set expiresAtMs(value: number) {
    writeU64(this.#body, value, this.#at + 24);
  }

  get checksum(): number {
    return this.#body.readUInt32LE(this.#at + 32);
  }

  get depth(): number {
    return this.#body.readInt32LE(this.#at + 36);
  }

  get form(): ChunkForm {
    return formOfPut(this.#body[this.#at] as number) as ChunkForm;
  }

  get lastUse(): number {
    return readU64(this.#body, this.#at + 44);
  }

  /** Also marks the record as used since it was written. */
  set lastUse(value: number) {
    writeU64(this.#body, value, this.#at + 44);
    this.#body[this.#at + 1] = 1;
  }

  /** Whether `lastUse` was set since the record was written; a record in a file never says so. */
  get usedSinceWritten(): boolean {
    return this.#body[this.#at + 1] === 1;
  }

  clearUsed(): void {
    this.#body[this.#at + 1] = 0;
  }

  get firstBlock(): number {
    return this.#body.readUInt32LE(this.#at + PUT_HEAD_BYTES);
  }

  /** Blocks of all runs. */
  get blocks(): number {
    let blocks = 0;
    for (let at = this.#at + PUT_HEAD_BYTES, end = this.#keyAt; at < end; at += RUN_BYTES) {
      blocks += this.#body.readUInt32LE(at + 4);
    }
    return blocks;
  }

  get runs(): readonly PageRun[] {
    const runs: PageRun[] = [];
    for (let at = this.#at + PUT_HEAD_BYTES, end = this.#keyAt; at < end; at += RUN_BYTES) {
      runs.push({ page: this.#body.readUInt32LE(at), pages: this.#body.readUInt32LE(at + 4) });
    }
    return runs;
  }

  get key(): Buffer {
    return this.#body.subarray(this.#keyAt, this.#keyAt + this.#keyLength);
  }

  get hasMetadata(): boolean {
    return this.#metadataLength > 0;
  }

  get metadata(): Buffer {
    const at = this.#keyAt + this.#keyLength;
    return this.#body.subarray(at, at + this.#metadataLength);
  }

  hasKey(key: Buffer, namespace: number): boolean {
    if (key.length !== this.#keyLength || namespace !== this.namespace) return false;
    const at = this.#keyAt;
    return this.#body.compare(key, 0, key.length, at, at + key.length) === 0;
  }

  get #keyLength(): number {
    return this.#body.readUInt16LE(this.#at + 2);
  }

  get #metadataLength(): number {
    return this.#body.readUInt16LE(this.#at + 40);
  }

  get #runCount(): number {
    return this.#body.readUInt16LE(this.#at + 42);
  }

  get #keyAt(): number {
    return this.#at + PUT_HEAD_BYTES + this.#runCount * RUN_BYTES;
  }
}

function putType(form: ChunkForm): number {
  const number = formNumber(form);
  return number === 0 ? RecordType.Put : FORMED_PUT | number;
}

/** @returns undefined for a type that is no put, or that of a form which is not known here. */
function formOfPut(type: number): ChunkForm | undefined {
  if (type === RecordType.Put) return formOf(0);
  return type > FORMED_PUT ? formOf(type - FORMED_PUT) : undefined;
}

/** Whether a body is a put record in all its lengths. */
export function isPutRecord(body: Buffer): boolean {
  if (body.length < PUT_HEAD_BYTES || formOfPut(body[0] as number) === undefined) return false;
  const runs = body.readUInt16LE(42);
  return runs > 0 && putRecordBytes(body.readUInt16LE(2), body.readUInt16LE(40), runs) === body.length;
}

export interface RemoveRecord {
  readonly firstBlock: number;
  readonly sequence: number;
}

export function encodeRemove({ firstBlock, sequence }: RemoveRecord): Buffer {
  const body = Buffer.alloc(REMOVE_BYTES);
  body.writeUInt8(RecordType.Remove, 0);
  body.writeUInt32LE(firstBlock, 4);
  writeU64(body, sequence, 8);
  return body;
}

export function decodeRemove(body: Buffer): RemoveRecord | undefined {
  if (body.length !== REMOVE_BYTES) return undefined;
  return { firstBlock: body.readUInt32LE(4), sequence: readU64(body, 8) };
}

export interface ExpireRecord extends RemoveRecord {
  readonly expiresAtMs: number;
}

export function encodeExpire({ firstBlock, sequence, expiresAtMs }: ExpireRecord): Buffer {
  const body = Buffer.alloc(EXPIRE_BYTES);
  body.writeUInt8(RecordType.Expire, 0);
  body.writeUInt32LE(firstBlock, 4);
  writeU64(body, sequence, 8);
  writeU64(body, expiresAtMs, 16);
  return body;
}

export function decodeExpire(body: Buffer): ExpireRecord | undefined {
  if (body.length !== EXPIRE_BYTES) return undefined;
  return { firstBlock: body.readUInt32LE(4), sequence: readU64(body, 8), expiresAtMs: readU64(body, 16) };
}

/** A chunk that was used after its put record was written. */
export interface Use {
  readonly firstBlock: number;
  readonly lastUse: number;
}

export function encodeUses(uses: readonly Use[]): Buffer {
  const body = Buffer.alloc(USES_HEAD_BYTES + uses.length * USE_BYTES);
  body.writeUInt8(RecordType.Uses, 0);
  body.writeUInt32LE(uses.length, 4);
  uses.forEach(({ firstBlock, lastUse }, i) => {
    body.writeUInt32LE(firstBlock, USES_HEAD_BYTES + i * USE_BYTES);
    writeU64(body, lastUse, USES_HEAD_BYTES + i * USE_BYTES + 4);
  });
  return body;
}

export function decodeUses(body: Buffer): Use[] {
  if (body.length < USES_HEAD_BYTES) return [];
  const count = body.readUInt32LE(4);
  if (body.length !== USES_HEAD_BYTES + count * USE_BYTES) return [];
  return Array.from({ length: count }, (_, i) => ({
    firstBlock: body.readUInt32LE(USES_HEAD_BYTES + i * USE_BYTES),
    lastUse: readU64(body, USES_HEAD_BYTES + i * USE_BYTES + 4),
  }));
}

function writeU64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % U32, at);
  buffer.writeUInt32LE(Math.floor(value / U32), at + 4);
}

function readU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + 4) * U32 + buffer.readUInt32LE(at);
}
