/** Where chunks of prompts are kept: kvnest, through one of its doors. */
export interface PrefixCache extends AsyncDisposable {
  /** How many chunks from the start of the prompt are there. */
  lookup(tokens: readonly number[]): Promise<number>;
  /** The first `count` chunks; fewer when one of them is gone by now. */
  load(tokens: readonly number[], count: number): Promise<Buffer[]>;
  /** Keeps chunks of the prompt, the first of which is number `first`. @returns how many were taken. */
  save(tokens: readonly number[], first: number, chunks: readonly Buffer[]): Promise<number>;
}
