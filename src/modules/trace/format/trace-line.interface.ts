/** One line of a trace: an object of JSON. */
export type TraceLine = Readonly<Record<string, unknown>>;

/** Understands the lines of one format. */
export interface TraceReader {
  /** @returns what is wrong with the line, in words; undefined = nothing. */
  read(line: TraceLine): string | undefined;
}
