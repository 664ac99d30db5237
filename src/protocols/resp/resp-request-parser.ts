import { KvError } from '../../common/errors/kv-error.js';
import { splitInlineArguments } from './inline-arguments.js';
import { LengthLine } from './length-line.js';
import { LineBuffer } from './line-buffer.js';
import {
  type RespProtocolError,
  type RespRequestEvent,
  type RespRequestLimits,
} from './resp-request.interface.js';

const DEFAULT_RESP_REQUEST_LIMITS: RespRequestLimits = {
  maxBulkBytes: 512 * 1024 * 1024,
  maxArguments: 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxArgumentBytes: 64 * 1024,
  maxCommandBytes: 4 * 1024 * 1024,
  bodyThresholdBytes: 1024,
};

const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ARGUMENT_OVERHEAD_BYTES = 128;
const SET_VALUE_INDEX = 2;
const EMPTY = Buffer.alloc(0);

type State =
  'idle' | 'count' | 'inline' | 'sigil' | 'length' | 'argument' | 'skip' | 'value' | 'cr' | 'lf' | 'failed';

/**
 * Parses what a Redis client sends, from pieces of any size, without ever holding a large value.
 *
 * ```ts
 * let at = start;
 * while (at < end) {
 *   const event = parser.push(buffer, at, end);
 *   at = parser.position;
 *   if (event === undefined) break;             // everything is consumed, more is needed
 *   if (event.kind === 'command') …             // complete; `event.args` may be kept
 *   if (event.kind === 'value-start') …         // see below
 *   if (event.kind === 'protocol-error') …      // answer `-ERR ${event.message}`, close
 * }
 * ```
 *
 * Each call of `push` ends at the first event; the bytes from `position` to `end` are not looked at yet, so the caller
 * may stop there and come back later with the same bytes (back-pressure). The parser keeps no reference to `buffer`.
 *
 * After `value-start` the next `lengthBytes` bytes of the stream belong to the caller: first those from `position` on
 * in the buffer, then whatever the socket brings, read to wherever it likes. When it has all of them it calls
 * `endValue()` and goes on with `push`. The command itself, with its options, comes as a `command` event afterwards,
 * once the CRLF behind the value is seen: commit there, not before.
 *
 * Empty commands (`*0`, `*-1`, blank lines) are skipped silently, as in Redis. Never throws for bad input.
 */
export class RespRequestParser {
  /** Offset in the buffer last pushed of the first byte that was not consumed. */
  position = 0;

  readonly #limits: RespRequestLimits;
  readonly #line: LengthLine;
  readonly #inline: LineBuffer;
  #state: State = 'idle';
  #event: RespRequestEvent | undefined;
  #error: RespProtocolError | undefined;

  #argumentCount = 0;
  #argumentsSeen = 0;
  #args: Buffer[] = [];
  #chargedBytes = 0;
  #oversized = false;
  #bodyBytes: number | undefined;

  #argument: Buffer = EMPTY;
  #filled = 0;
  #skipBytes = 0;

  constructor(limits: Partial<RespRequestLimits> = {}) {
    this.#limits = { ...DEFAULT_RESP_REQUEST_LIMITS, ...limits };
    this.#line = new LengthLine(this.#limits.maxLineBytes);
    this.#inline = new LineBuffer(this.#limits.maxLineBytes);
  }

  /** Whether the stream stands between two commands. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /**
   * Consumes bytes up to the next event.
   *
   * @returns the event, or undefined when all bytes are consumed without one.
   * @throws KV_RESP_VALUE_PENDING when the value announced by `value-start` was not ended.
   */
  push(buffer: Buffer, start: number, end: number): RespRequestEvent | undefined {
    let at = start;
    this.#event = this.#error;
    while (at < end && this.#event === undefined) at = this.#step(buffer, at, end);
    this.position = at;
    return this.#event;
  }

  /** The caller has taken all bytes of the value. @throws KV_RESP_NO_VALUE when none was announced. */
  endValue(): void {
    if (this.#state !== 'value') {
      throw new KvError('KV_RESP_NO_VALUE', 'endValue() without a value-start event', { kind: 'internal' });
    }
    this.#state = 'cr';
  }

  #step(buffer: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case 'idle':
        return this.#begin(buffer[at] as number, at);
      case 'count':
      case 'length':
        return this.#readLine(buffer, at, end);
      case 'inline':
        return this.#readInline(buffer, at, end);
      case 'sigil':
        return this.#readSigil(buffer[at] as number, at);
      case 'argument':
        return this.#fill(buffer, at, end);
      case 'skip':
        return this.#skip(at, end);
      case 'cr':
      case 'lf':
        return this.#readCrlf(buffer[at] as number, at);
      case 'value':
        throw new KvError('KV_RESP_VALUE_PENDING', 'push() before endValue()', { kind: 'internal' });
      case 'failed':
        return end;
    }
  }

  #begin(byte: number, at: number): number {
    this.#args = [];
    this.#argumentsSeen = 0;
    this.#chargedBytes = 0;
    this.#oversized = false;
    this.#bodyBytes = undefined;
    if (byte !== STAR) {
      this.#inline.reset();
      this.#state = 'inline';
      return at;
    }
    this.#line.reset();
    this.#state = 'count';
    return at + 1;
  }

  #readLine(buffer: Buffer, at: number, end: number): number {
    const line = this.#line;
    const next = line.push(buffer, at, end);
    if (line.state === 'open') return next;
    const isCount = this.#state === 'count';
    if (line.state === 'too-long') this.#fail(`too big ${isCount ? 'mbulk' : 'bulk'} count string`);
    else if (isCount) this.#countKnown(line.state === 'done', line.value);
    else this.#lengthKnown(line.state === 'done', line.value);
    return next;
  }

  #countKnown(valid: boolean, count: number): void {
    if (!valid || count > this.#limits.maxArguments) {
      this.#fail('invalid multibulk length');
      return;
    }
    this.#argumentCount = count;
    this.#state = count <= 0 ? 'idle' : 'sigil';
  }

  #readSigil(byte: number, at: number): number {
    if (byte === DOLLAR) {
      this.#line.reset();
      this.#state = 'length';
    } else {
      const printable = byte === CR || byte === LF ? ' ' : String.fromCharCode(byte);
      this.#fail(`expected '$', got '${printable}'`);
    }
    return at + 1;
  }

  #lengthKnown(valid: boolean, length: number): void {
    if (!valid || length < 0 || length > this.#limits.maxBulkBytes) {
      this.#fail('invalid bulk length');
      return;
    }
    if (this.#isBody(length)) {
      this.#bodyBytes = length;
      this.#args.push(EMPTY);
      this.#state = 'value';
      this.#event = {
        kind: 'value-start',
        key: this.#args[1] ?? EMPTY,
        lengthBytes: length,
        argumentCount: this.#argumentCount,
      };
      return;
    }
    this.#chargedBytes += length + ARGUMENT_OVERHEAD_BYTES;
    this.#oversized ||=
      length > this.#limits.maxArgumentBytes || this.#chargedBytes > this.#limits.maxCommandBytes;
    if (this.#oversized) {
      this.#skipBytes = length;
      this.#state = length === 0 ? 'cr' : 'skip';
      return;
    }
    this.#argument = length === 0 ? EMPTY : Buffer.allocUnsafe(length);
    this.#args.push(this.#argument);
    this.#filled = 0;
    this.#state = length === 0 ? 'cr' : 'argument';
  }

  #isBody(length: number): boolean {
    if (this.#argumentsSeen !== SET_VALUE_INDEX || length < this.#limits.bodyThresholdBytes) return false;
    return !this.#oversized && isSet(this.#args[0] ?? EMPTY);
  }

  #fill(buffer: Buffer, at: number, end: number): number {
    const bytes = Math.min(this.#argument.length - this.#filled, end - at);
    buffer.copy(this.#argument, this.#filled, at, at + bytes);
    this.#filled += bytes;
    if (this.#filled === this.#argument.length) this.#state = 'cr';
    return at + bytes;
  }

  #skip(at: number, end: number): number {
    const bytes = Math.min(this.#skipBytes, end - at);
    this.#skipBytes -= bytes;
    if (this.#skipBytes === 0) this.#state = 'cr';
    return at + bytes;
  }

  #readCrlf(byte: number, at: number): number {
    if (byte !== (this.#state === 'cr' ? CR : LF)) {
      this.#fail('expected CRLF behind a bulk');
    } else if (this.#state === 'cr') {
      this.#state = 'lf';
    } else {
      this.#argumentsSeen++;
      if (this.#argumentsSeen === this.#argumentCount) this.#complete();
      else this.#state = 'sigil';
    }
    return at + 1;
  }

  #readInline(buffer: Buffer, at: number, end: number): number {
    const line = this.#inline;
    const next = line.push(buffer, at, end);
    if (line.state === 'done') this.#completeInline();
    else if (line.state === 'too-long') this.#fail('too big inline request');
    return next;
  }

  #completeInline(): void {
    const args = splitInlineArguments(this.#inline.bytes);
    this.#inline.reset();
    if (args === undefined) {
      this.#fail('unbalanced quotes in request');
      return;
    }
    this.#args = args;
    this.#argumentCount = args.length;
    if (args.length === 0) this.#state = 'idle';
    else this.#complete();
  }

  #complete(): void {
    const args = this.#args;
    this.#state = 'idle';
    this.#args = [];
    this.#argument = EMPTY;
    this.#event = {
      kind: 'command',
      name: (args[0] ?? EMPTY).toString('latin1').toUpperCase(),
      args,
      argumentCount: this.#argumentCount,
      bodyBytes: this.#bodyBytes,
      oversized: this.#oversized,
    };
  }

  #fail(reason: string): void {
    this.#state = 'failed';
    this.#args = [];
    this.#error = { kind: 'protocol-error', message: `Protocol error: ${reason}` };
    this.#event = this.#error;
  }
}

/** Letters differ from their other case in one bit. */
function isSet(name: Buffer): boolean {
  return (
    name.length === 3 &&
    ((name[0] as number) | 0x20) === 0x73 &&
    ((name[1] as number) | 0x20) === 0x65 &&
    ((name[2] as number) | 0x20) === 0x74
  );
}
