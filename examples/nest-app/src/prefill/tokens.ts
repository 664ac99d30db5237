/** Tokens of one chunk, as kvnest cuts them: `chunk_size` of its configuration. */
export const CHUNK_TOKENS = 256;

/** A token for each byte of UTF-8, in the place of a model's tokenizer. */
export function tokenize(text: string): Uint32Array {
  return Uint32Array.from(Buffer.from(text));
}
