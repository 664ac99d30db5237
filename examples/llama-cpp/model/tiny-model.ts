import { byteTokenizer } from './byte-tokenizer.ts';
import { type GgufTensor, writeGguf } from './gguf-file.ts';
import { type GgufValue } from './gguf-value.ts';
import { seededHalfs } from './seeded-weights.ts';

const LAYERS = 4;
const WIDTH = 512;
const HEADS = 8;
const FEED_FORWARD = 1408;
const CONTEXT = 4096;
const VOCABULARY = 512;

/**
 * Writes a Llama of 13.4 million random weights (4 layers of 512, 27 MB in f16), the same bytes for everybody. It
 * says nothing sensible, but its attention is real: it depends on every token before.
 */
export async function writeTinyModel(path: string): Promise<void> {
  await writeGguf(path, { ...hyperparameters(), ...byteTokenizer(VOCABULARY) }, [
    matrix('token_embd.weight', WIDTH, VOCABULARY),
    ...Array.from({ length: LAYERS }, (_, layer) => layerTensors(`blk.${layer}`)).flat(),
    norm('output_norm.weight'),
    matrix('output.weight', WIDTH, VOCABULARY, 3),
  ]);
}

function hyperparameters(): Record<string, GgufValue> {
  return {
    'general.architecture': { string: 'llama' },
    'general.name': { string: 'kvnest-tiny' },
    'general.file_type': { u32: 1 },
    'llama.vocab_size': { u32: VOCABULARY },
    'llama.context_length': { u32: CONTEXT },
    'llama.embedding_length': { u32: WIDTH },
    'llama.block_count': { u32: LAYERS },
    'llama.feed_forward_length': { u32: FEED_FORWARD },
    'llama.rope.dimension_count': { u32: WIDTH / HEADS },
    'llama.attention.head_count': { u32: HEADS },
    'llama.attention.head_count_kv': { u32: HEADS },
    'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
  };
}

/** Queries and keys get a larger gain: with it the attention is not flat, and a wrong key changes the answer. */
function layerTensors(block: string): GgufTensor[] {
  return [
    norm(`${block}.attn_norm.weight`),
    matrix(`${block}.attn_q.weight`, WIDTH, WIDTH, 2.5),
    matrix(`${block}.attn_k.weight`, WIDTH, WIDTH, 2.5),
    matrix(`${block}.attn_v.weight`, WIDTH, WIDTH),
    matrix(`${block}.attn_output.weight`, WIDTH, WIDTH),
    norm(`${block}.ffn_norm.weight`),
    matrix(`${block}.ffn_gate.weight`, WIDTH, FEED_FORWARD),
    matrix(`${block}.ffn_up.weight`, WIDTH, FEED_FORWARD),
    matrix(`${block}.ffn_down.weight`, FEED_FORWARD, WIDTH),
  ];
}

function matrix(name: string, inputs: number, outputs: number, gain = 1): GgufTensor {
  const bound = gain * Math.sqrt(3 / inputs);
  return {
    name,
    type: 'f16',
    shape: [inputs, outputs],
    bytes: () => seededHalfs(name, inputs * outputs, bound),
  };
}

function norm(name: string): GgufTensor {
  return {
    name,
    type: 'f32',
    shape: [WIDTH],
    bytes: () => Buffer.from(new Float32Array(WIDTH).fill(1).buffer),
  };
}
