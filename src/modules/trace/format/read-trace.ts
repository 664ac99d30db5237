import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { isKvError } from '../../../common/errors/kv-error.js';
import { type Trace } from '../trace.interface.js';
import { invalidTrace, unreadableTrace } from '../trace-errors.js';
import { MooncakeReader } from './mooncake-reader.js';
import { RecordedReader } from './recorded-reader.js';
import { TraceBuilder } from './trace-builder.js';
import { type TraceLine, type TraceReader } from './trace-line.interface.js';

export interface ReadTraceOptions {
  /** What a token takes where the trace tells no sizes, in bytes. */
  readonly bytesPerToken: number;
}

/** Reads a trace: one of Mooncake's, or one that kvnest recorded. @throws KV_TRACE_UNREADABLE, KV_TRACE_INVALID */
export async function readTrace(path: string, options: ReadTraceOptions): Promise<Trace> {
  const builder = new TraceBuilder();
  try {
    await readLines(path, builder, options);
  } catch (error) {
    throw isKvError(error) ? error : unreadableTrace(path, error);
  }
  return builder.build();
}

async function readLines(path: string, builder: TraceBuilder, options: ReadTraceOptions): Promise<void> {
  const file = createReadStream(path);
  let reader: TraceReader | undefined;
  let number = 0;
  try {
    for await (const text of createInterface({ input: file, crlfDelay: Infinity })) {
      number++;
      if (text.trim() === '') continue;
      const line = parseLine(text);
      if (line === undefined) throw invalidTrace(path, number, 'this is no object of JSON');
      reader ??= readerFor(line, builder, options);
      const problem = reader.read(line);
      if (problem !== undefined) throw invalidTrace(path, number, problem);
    }
  } finally {
    file.destroy();
  }
  if (reader === undefined) throw invalidTrace(path, Math.max(1, number), 'there is no line in it');
}

function readerFor(
  first: TraceLine,
  builder: TraceBuilder,
  { bytesPerToken }: ReadTraceOptions,
): TraceReader {
  return 'kvnest_trace' in first ? new RecordedReader(builder) : new MooncakeReader(builder, bytesPerToken);
}

function parseLine(text: string): TraceLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as TraceLine)
      : undefined;
  } catch {
    return undefined;
  }
}
