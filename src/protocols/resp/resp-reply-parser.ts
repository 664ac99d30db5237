import { KvError } from '../../common/errors/kv-error.js';
import { LengthLine } from './length-line.js';
import { LineBuffer } from './line-buffer.js';
import { type AggregateKind, type AssembledReply, ReplyAssembler } from './reply-assembler.js';
import {
  RespBody,
  RespErrorReply,
  type RespReplyEvent,
  type RespReplyLimits,
} from './resp-reply.interface.js';
import { isScalarType, parseScalar } from './scalar-reply.js';

const DEFAULT_RESP_REPLY_LIMITS: RespReplyLimits = {
  bodyThresholdBytes: 1024,
  maxBulkBytes: 512 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxReplyBytes: 64 * 1024 * 1024,
  maxDepth: 16,
};

const CR = 0x0d;
const LF = 0x0a;
const BULK = 0x24;
const VERBATIM = 0x3d;
const BLOB_ERROR = 0x21;
const VERBATIM_PREFIX_BYTES = 4;
const ITEM_OVERHEAD_BYTES = 64;
const EMPTY = Buffer.alloc(0);

const AGGREGATES: Readonly<Record<number, AggregateKind>> = {
  0x2a: 'array',
  0x7e: 'array',
  0x3e: 'push',
  0x25: 'map',
  0x7c: 'attribute',
};

type State = 'type' | 'line' | 'length' | 'bulk' | 'body' | 'cr' | 'lf' | 'failed';

/**
 * Parses what a Redis server answers, in either version of the protocol, from pieces of any size. It is used as
 * `RespRequestParser` is: `push` ends at the first event, `position` tells how far it came.
 *
 * After `body-start` the next `lengthBytes` bytes of the stream belong to the caller, who calls `endBody()` when it
 * has them and goes on with `push`. In the reply that follows, a `RespBody` stands in the bulk's place. Attributes are
 * dropped. Never throws for bad input.
 */
export class RespReplyParser {
  /** Offset in the buffer last pushed of the first byte that was not consumed. */
  position = 0;
  /** False while nobody waits for a body: bulks of any length are then part of the reply. */
  handsOutBodies = true;
  /** As in the limits: it may change between replies. */
  maxReplyBytes: number;

  readonly #limits: RespReplyLimits;
  readonly #length: LengthLine;
  readonly #line: LineBuffer;
  readonly #assembler = new ReplyAssembler();
  #state: State = 'type';
  #type = 0;
  #bulk: Buffer = EMPTY;
  #filled = 0;
  #bodyBytes = 0;
  #chargedBytes = 0;
  #event: RespReplyEvent | undefined;
  #error: RespReplyEvent | undefined;

  constructor(limits: Partial<RespReplyLimits> = {}) {
    this.#limits = { ...DEFAULT_RESP_REPLY_LIMITS, ...limits };
    this.maxReplyBytes = this.#limits.maxReplyBytes;
    this.#length = new LengthLine(this.#limits.maxLineBytes);
    this.#line = new LineBuffer(this.#limits.maxLineBytes);
  }

  /** What the last reply takes on the heap, as `maxReplyBytes` counts. */
  get replyBytes(): number {
    return this.#chargedBytes;
  }

  /** Whether the stream stands between two replies. */
  get isIdle(): boolean {
    return this.#state === 'type' && this.#assembler.depth === 0;
  }

  /**
   * Consumes bytes up to the next event.
   *
   * @returns the event, or undefined when all bytes are consumed without one.
   * @throws KV_RESP_BODY_PENDING when the body announced by `body-start` was not ended.
   */
  push(buffer: Buffer, start: number, end: number): RespReplyEvent | undefined {
    let at = start;
    this.#event = this.#error;
    while (at < end && this.#event === undefined) at = this.#step(buffer, at, end);
    this.position = at;
    return this.#event;
  }

  /** The caller has taken all bytes of the body. @throws KV_RESP_NO_BODY when none was announced. */
  endBody(): void {
    if (this.#state !== 'body') {
      throw new KvError('KV_RESP_NO_BODY', 'endBody() without a body-start event', { kind: 'internal' });
    }
    this.#state = 'cr';
  }

  #step(buffer: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case 'type':
        return this.#readType(buffer[at] as number, at);
      case 'line':
        return this.#readLine(buffer, at, end);
      case 'length':
        return this.#readLength(buffer, at, end);
      case 'bulk':
        return this.#fill(buffer, at, end);
      case 'cr':
      case 'lf':
        return this.#readCrlf(buffer[at] as number, at);
      case 'body':
        throw new KvError('KV_RESP_BODY_PENDING', 'push() before endBody()', { kind: 'internal' });
      case 'failed':
        return end;
    }
  }

  #readType(type: number, at: number): number {
    this.#type = type;
    if (this.#assembler.depth === 0) this.#chargedBytes = 0;
    if (isScalarType(type)) {
      this.#line.reset();
      this.#state = 'line';
    } else if (type in AGGREGATES || type === BULK || type === VERBATIM || type === BLOB_ERROR) {
      this.#length.reset();
      this.#state = 'length';
    } else {
      this.#fail(`unknown reply type ${type}`);
    }
    return at + 1;
  }

  #readLine(buffer: Buffer, at: number, end: number): number {
    const line = this.#line;
    const next = line.push(buffer, at, end);
    if (line.state === 'open') return next;
    const bytes = line.bytes;
    const terminated = line.state === 'done' && bytes.at(-1) === CR;
    const text = terminated ? bytes.toString('utf8', 0, bytes.length - 1) : '';
    const value = terminated ? parseScalar(this.#type, text) : undefined;
    line.reset();
    if (value === undefined) this.#fail('malformed line');
    else if (this.#charge(text.length)) this.#deliver(this.#assembler.add(value));
    return next;
  }

  #readLength(buffer: Buffer, at: number, end: number): number {
    const line = this.#length;
    const next = line.push(buffer, at, end);
    if (line.state === 'open') return next;
    const aggregate = AGGREGATES[this.#type];
    if (line.state !== 'done' || line.value < -1) this.#fail('malformed length');
    else if (line.value === -1) this.#completeNull();
    else if (aggregate === undefined) this.#openBulk(line.value);
    else this.#openAggregate(aggregate, line.value);
    return next;
  }

  #completeNull(): void {
    if (this.#charge(0)) this.#deliver(this.#assembler.add(null));
  }

  #openAggregate(kind: AggregateKind, entries: number): void {
    if (this.#assembler.depth >= this.#limits.maxDepth) this.#fail('reply nested too deep');
    else if (this.#charge(0)) this.#deliver(this.#assembler.open(kind, entries));
  }

  #openBulk(length: number): void {
    const isBody =
      this.handsOutBodies &&
      this.#assembler.depth === 0 &&
      this.#type === BULK &&
      length >= this.#limits.bodyThresholdBytes;
    if (length > this.#limits.maxBulkBytes) {
      this.#fail('bulk too long');
    } else if (isBody) {
      this.#bodyBytes = length;
      this.#state = 'body';
      this.#event = { kind: 'body-start', lengthBytes: length };
    } else if (this.#charge(length)) {
      this.#bodyBytes = 0;
      this.#bulk = length === 0 ? EMPTY : Buffer.allocUnsafe(length);
      this.#filled = 0;
      this.#state = length === 0 ? 'cr' : 'bulk';
    }
  }

  #fill(buffer: Buffer, at: number, end: number): number {
    const bytes = Math.min(this.#bulk.length - this.#filled, end - at);
    buffer.copy(this.#bulk, this.#filled, at, at + bytes);
    this.#filled += bytes;
    if (this.#filled === this.#bulk.length) this.#state = 'cr';
    return at + bytes;
  }

  #readCrlf(byte: number, at: number): number {
    if (byte !== (this.#state === 'cr' ? CR : LF)) this.#fail('expected CRLF behind a bulk');
    else if (this.#state === 'cr') this.#state = 'lf';
    else this.#completeBulk();
    return at + 1;
  }

  #completeBulk(): void {
    const bulk = this.#bulk;
    const body = this.#bodyBytes > 0 ? new RespBody(this.#bodyBytes) : undefined;
    this.#bulk = EMPTY;
    if (this.#type === BLOB_ERROR)
      this.#deliver(this.#assembler.add(new RespErrorReply(bulk.toString('utf8'))));
    else if (this.#type === VERBATIM)
      this.#deliver(this.#assembler.add(bulk.subarray(VERBATIM_PREFIX_BYTES)));
    else this.#deliver(this.#assembler.add(body ?? bulk));
  }

  #charge(bytes: number): boolean {
    this.#chargedBytes += bytes + ITEM_OVERHEAD_BYTES;
    if (this.#chargedBytes <= this.maxReplyBytes) return true;
    this.#fail('reply too large');
    return false;
  }

  #deliver(reply: AssembledReply | undefined): void {
    this.#state = 'type';
    if (reply === undefined) return;
    this.#event =
      reply.kind === 'push' && Array.isArray(reply.value)
        ? { kind: 'push', value: reply.value }
        : { kind: 'reply', value: reply.value };
  }

  #fail(reason: string): void {
    this.#state = 'failed';
    this.#error = { kind: 'protocol-error', message: `Protocol error: ${reason}` };
    this.#event = this.#error;
  }
}
