import { FrameParser, type FrameParserOptions } from '../../src/protocols/kvnest-tcp/frame-parser.js';
import { type FramePrefix } from '../../src/protocols/kvnest-tcp/frame.js';

/** A frame as plain data: header and body in hex. */
export interface ParsedFrame {
  readonly prefix: FramePrefix;
  readonly header: string;
  body: string;
}

/** What came out of a stream. */
export interface ParsedFrames {
  readonly frames: ParsedFrame[];
  /** Code of the error that ended it. */
  error: string | undefined;
}

/** Feeds the pieces one after another, as a door would. A frame whose body is not complete has what came of it. */
export function parseFrames(
  pieces: Iterable<Buffer>,
  { expectPreamble = false, maxHeaderBytes = () => 16 * 2 ** 20 }: Partial<FrameParserOptions> = {},
): ParsedFrames {
  const parser = new FrameParser({ expectPreamble, maxHeaderBytes });
  const result: ParsedFrames = { frames: [], error: undefined };
  let missingBytes = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length && result.error === undefined;) {
      if (missingBytes > 0) {
        const part = piece.subarray(at, at + missingBytes);
        result.frames.at(-1)!.body += part.toString('hex');
        at += part.length;
        missingBytes -= part.length;
        if (missingBytes === 0) parser.endBody();
      } else {
        missingBytes = next(parser, piece, at, result);
        at = parser.position;
      }
    }
  }
  return result;
}

/** @returns how long the body is that begins now. */
function next(parser: FrameParser, piece: Buffer, at: number, result: ParsedFrames): number {
  const event = parser.push(piece, at, piece.length);
  if (event?.kind === 'protocol-error') result.error = event.error.code;
  if (event?.kind !== 'frame') return 0;
  result.frames.push({ prefix: event.prefix, header: event.header.toString('hex'), body: '' });
  return event.prefix.bodyBytes;
}
