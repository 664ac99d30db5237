import { RespReplyParser } from '../../src/protocols/resp/resp-reply-parser.js';
import {
  RespBody,
  RespErrorReply,
  type RespReplyEvent,
  type RespValue,
} from '../../src/protocols/resp/resp-reply.interface.js';
import { RespRequestParser } from '../../src/protocols/resp/resp-request-parser.js';
import { type SeededRandom } from './seeded-random.js';

/** What came out of a stream of requests, bodies put back into their places. */
export interface ParsedRequests {
  readonly commands: { readonly args: readonly string[]; readonly oversized: boolean }[];
  error: string | undefined;
}

/** Feeds the pieces one after another, as a door would. Texts are latin1, so that no byte is lost. */
export function parseRequests(pieces: Iterable<Buffer>, parser = new RespRequestParser()): ParsedRequests {
  const result: ParsedRequests = { commands: [], error: undefined };
  const body = new BodyCollector();
  for (const piece of pieces) {
    let at = body.take(piece, 0, () => parser.endValue());
    while (at < piece.length && result.error === undefined) {
      const event = parser.push(piece, at, piece.length);
      at = parser.position;
      if (event?.kind === 'value-start') {
        body.start(event.lengthBytes);
        at = body.take(piece, at, () => parser.endValue());
      } else if (event?.kind === 'command') {
        const args = event.args.map((arg) => arg.toString('latin1'));
        if (event.bodyBytes !== undefined) args[2] = body.text();
        result.commands.push({ args, oversized: event.oversized });
      } else if (event?.kind === 'protocol-error') {
        result.error = event.message;
      }
    }
  }
  return result;
}

/** What came out of a stream of replies, as plain data. */
export interface ParsedReplies {
  readonly replies: unknown[];
  error: string | undefined;
}

export function parseReplies(pieces: Iterable<Buffer>, parser = new RespReplyParser()): ParsedReplies {
  const result: ParsedReplies = { replies: [], error: undefined };
  const body = new BodyCollector();
  const bodies: string[] = [];
  const endBody = (): void => {
    bodies.push(body.text());
    parser.endBody();
  };
  for (const piece of pieces) {
    let at = body.take(piece, 0, endBody);
    while (at < piece.length && result.error === undefined) {
      const event = parser.push(piece, at, piece.length);
      at = parser.position;
      if (event?.kind === 'body-start') {
        body.start(event.lengthBytes);
        at = body.take(piece, at, endBody);
      } else if (event !== undefined) {
        collect(result, event, bodies);
      }
    }
  }
  return result;
}

function collect(
  result: ParsedReplies,
  event: Exclude<RespReplyEvent, { kind: 'body-start' }>,
  bodies: string[],
): void {
  if (event.kind === 'protocol-error') result.error = event.message;
  else if (event.kind === 'push') result.replies.push({ push: plain(event.value, bodies) });
  else result.replies.push(plain(event.value, bodies));
}

/** Cuts bytes at random places; now and then into single bytes. */
export function randomPieces(bytes: Buffer, random: SeededRandom): Buffer[] {
  const longest = random.pick([1, 3, 16, 200, 5000]);
  const pieces: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = Math.min(bytes.length, at + 1 + random.below(longest));
    pieces.push(bytes.subarray(at, next));
    at = next;
  }
  return pieces;
}

class BodyCollector {
  #parts: string[] = [];
  #missing = 0;

  start(bytes: number): void {
    this.#missing = bytes;
  }

  take(piece: Buffer, at: number, done: () => void): number {
    if (this.#missing === 0) return at;
    const end = Math.min(piece.length, at + this.#missing);
    this.#parts.push(piece.toString('latin1', at, end));
    this.#missing -= end - at;
    if (this.#missing > 0) return end;
    done();
    return end;
  }

  text(): string {
    const text = this.#parts.join('');
    this.#parts = [];
    return text;
  }
}

function plain(value: RespValue, bodies: string[]): unknown {
  if (value instanceof RespBody) return bodies.shift();
  if (value instanceof RespErrorReply) return { error: value.message };
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map((item) => plain(item as RespValue, bodies));
  if (value instanceof Map) {
    return Object.fromEntries([...(value as Map<string, RespValue>)].map(([k, v]) => [k, plain(v, bodies)]));
  }
  return value;
}
