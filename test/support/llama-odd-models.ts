import { byteTokenizer } from '../../examples/llama-cpp/model/byte-tokenizer.ts';
import { type GgufTensor, writeGguf } from '../../examples/llama-cpp/model/gguf-file.ts';
import { type GgufValue } from '../../examples/llama-cpp/model/gguf-value.ts';
import { seededHalfs } from '../../examples/llama-cpp/model/seeded-weights.ts';

const WIDTH = 64;
const HEADS = 2;
const LAYERS = 4;
const FEED_FORWARD = 128;
const VOCABULARY = 264;

/** Full attention, sliding windows in three of four layers, and positions of three dimensions. */
export type Architecture = 'qwen2' | 'cohere2' | 'qwen2vl';

const OWN_SETTINGS: Readonly<Record<Architecture, Readonly<Record<string, GgufValue>>>> = {
  qwen2: {},
  cohere2: { 'attention.sliding_window': { u32: 256 }, logit_scale: { f32: 1 } },
  qwen2vl: { 'rope.dimension_sections': { i32s: [8, 4, 4, 0] } },
};

/** Writes a model of random weights that is just large enough to be loaded. */
export async function writeOddModel(path: string, architecture: Architecture): Promise<void> {
  const settings = { ...COMMON_SETTINGS, ...OWN_SETTINGS[architecture] };
  const prefixed = Object.entries(settings).map(([key, value]) => [`${architecture}.${key}`, value] as const);
  const layers = Array.from({ length: LAYERS }, (_, layer) => layerTensors(`blk.${layer}`, architecture));
  await writeGguf(
    path,
    {
      'general.architecture': { string: architecture },
      ...Object.fromEntries(prefixed),
      ...byteTokenizer(VOCABULARY),
    },
    [matrix('token_embd.weight', WIDTH, VOCABULARY), vector('output_norm.weight'), ...layers.flat()],
  );
}

const COMMON_SETTINGS: Readonly<Record<string, GgufValue>> = {
  vocab_size: { u32: VOCABULARY },
  context_length: { u32: 4096 },
  embedding_length: { u32: WIDTH },
  block_count: { u32: LAYERS },
  feed_forward_length: { u32: FEED_FORWARD },
  'attention.head_count': { u32: HEADS },
  'attention.head_count_kv': { u32: HEADS },
  'attention.layer_norm_rms_epsilon': { f32: 1e-5 },
  'attention.layer_norm_epsilon': { f32: 1e-5 },
  'rope.dimension_count': { u32: WIDTH / HEADS },
};

function layerTensors(block: string, architecture: Architecture): GgufTensor[] {
  const attention = ['attn_q', 'attn_k', 'attn_v'].map((name) => `${block}.${name}`);
  const qwenOnly = [...attention.map((name) => `${name}.bias`), `${block}.ffn_norm.weight`];
  return [
    vector(`${block}.attn_norm.weight`),
    ...[...attention, `${block}.attn_output`].map((name) => matrix(`${name}.weight`, WIDTH, WIDTH)),
    ...(architecture === 'cohere2' ? [] : qwenOnly.map(vector)),
    matrix(`${block}.ffn_gate.weight`, WIDTH, FEED_FORWARD),
    matrix(`${block}.ffn_up.weight`, WIDTH, FEED_FORWARD),
    matrix(`${block}.ffn_down.weight`, FEED_FORWARD, WIDTH),
  ];
}

function matrix(name: string, inputs: number, outputs: number): GgufTensor {
  return {
    name,
    type: 'f16',
    shape: [inputs, outputs],
    bytes: () => seededHalfs(name, inputs * outputs, 0.2),
  };
}

function vector(name: string): GgufTensor {
  return {
    name,
    type: 'f32',
    shape: [WIDTH],
    bytes: () => Buffer.from(new Float32Array(WIDTH).fill(1).buffer),
  };
}
