import { type GgufValue } from './gguf-value.ts';

const TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 };

/** SentencePiece of single bytes: three special tokens, 256 bytes, the space, and fillers up to the vocabulary. */
export function byteTokenizer(vocabularySize: number): Record<string, GgufValue> {
  const tokens = ['<unk>', '<s>', '</s>'];
  const types = [TYPE.unknown, TYPE.control, TYPE.control];
  for (let byte = 0; byte < 256; byte++) {
    tokens.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    types.push(TYPE.byte);
  }
  tokens.push('\u2581');
  types.push(TYPE.normal);
  while (tokens.length < vocabularySize) {
    tokens.push(`filler${tokens.length}`);
    types.push(TYPE.normal);
  }
  return {
    'tokenizer.ggml.model': { string: 'llama' },
    'tokenizer.ggml.add_space_prefix': { bool: false },
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.scores': { f32s: tokens.map((_, id) => -id) },
    'tokenizer.ggml.token_type': { i32s: types },
    'tokenizer.ggml.unknown_token_id': { u32: 0 },
    'tokenizer.ggml.bos_token_id': { u32: 1 },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
  };
}
