import { TraceBuilder } from '../../src/modules/trace/format/trace-builder.js';
import { type Trace } from '../../src/modules/trace/trace.interface.js';

/** A trace of requests as the texts of their prefixes: each letter is a block of 10 tokens and 100 bytes, one request a second. */
export function tinyTrace(...requests: readonly string[]): Trace {
  const builder = new TraceBuilder();
  for (const [second, text] of requests.entries()) {
    builder.beginRequest(1_000 * second);
    for (const [depth, id] of Array.from(text).entries()) builder.add({ id, tokens: 10, depth, bytes: 100 });
  }
  return builder.build();
}
