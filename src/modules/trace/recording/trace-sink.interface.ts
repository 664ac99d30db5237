/** Where lines go. Calls do not overlap. */
export interface TraceSink {
  append(text: string): Promise<void>;
  close(): Promise<void>;
}
