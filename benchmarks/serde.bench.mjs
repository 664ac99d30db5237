// What codecs make of the cache of a real engine, and at which bandwidth of a network `serde: zstd` pays. Needs a build and
// the llama.cpp example. The model is the example's own, with random weights; that of a file with `--model model.gguf`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import zlib from 'node:zlib';
import { createArena } from '../dist/arena/create-arena.js';
import { ArenaSpaceService } from '../dist/arena/arena-space.js';
import { ExtentWriter } from '../dist/arena/extent-writer.js';
import { loadNative } from '../dist/arena/native/load-native.js';
import { ChunkDecoder } from '../dist/codecs/chunk-decoder.js';
import { CODECS } from '../dist/codecs/codecs.catalog.js';
import { elementTypeNamed, likelyElementType } from '../dist/codecs/element-type.js';
import { zstdCodec } from '../dist/codecs/zstd.codec.js';
import { ChunkEncoder } from '../dist/codecs/chunk-encoder.js';
import { ChunkKey } from '../dist/protocols/chunk-key/chunk-key.js';
import { shuffleBytes, unshuffleBytes } from '../dist/protocols/encoded-chunk/byte-shuffle.js';
import { startLlama } from '../examples/llama-cpp/engine/llama-engine.ts';
import { ScratchFile } from '../examples/llama-cpp/engine/scratch-file.ts';
import { writeTinyModel } from '../examples/llama-cpp/model/tiny-model.ts';
import { cutChunk } from '../examples/llama-cpp/state/chunks.ts';
import { parseState } from '../examples/llama-cpp/state/state-file.ts';

const MIB = 2 ** 20;
const ROUNDS = 5;
const CHUNKS = 4;
const CHUNK_TOKENS = 256;
const BLOCK_BYTES = MIB / 2;
/** Types of the cache in llama.cpp, with the dtype of a key and the bytes of an element. */
const TYPES = { F16: ['half', 2], BF16: ['bfloat16', 2], F32: ['float', 4], Q8_0: ['uint8', 1] };

const { values } = parseArgs({ options: { model: { type: 'string' } } });
const compress = promisify(zlib.zstdCompress);

/** The chunks that an engine would store of a text, with its cache in this type. */
async function chunksOf(model, type) {
  const context = await model.createContext({
    contextSize: 2048,
    batchSize: CHUNK_TOKENS,
    flashAttention: true,
    experimentalKvCacheKeyType: type,
    experimentalKvCacheValueType: type,
  });
  const sequence = context.getSequence();
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const architecture = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
  await sequence.evaluateWithoutGeneratingNewTokens(
    model.tokenize(text + architecture).slice(0, CHUNKS * CHUNK_TOKENS + 1),
  );
  using file = new ScratchFile();
  await sequence.saveStateToFile(file.path);
  const state = parseState(await file.read());
  await context.dispose();
  return Array.from({ length: CHUNKS }, (_, index) => cutChunk(state, index, CHUNK_TOKENS));
}

/** Part of the length that is left when blocks are compressed, shuffled or as they are. */
async function ratioOf(chunks, level, elementBytes) {
  let bytes = 0;
  let left = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += BLOCK_BYTES) {
      const block = chunk.subarray(from, from + BLOCK_BYTES);
      const shuffled = Buffer.alloc(block.length);
      shuffleBytes(block, shuffled, elementBytes);
      const frame = await compress(shuffled, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } });
      bytes += block.length;
      left += frame.length;
    }
  }
  return left / bytes;
}

/** The best round, in MB a second: others use the machine, too. */
async function speed(bytes, run) {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    await run();
    best = Math.min(best, performance.now() - startMs);
  }
  return bytes / best / 1000;
}

/** The longest turn of the event loop, in ms, of the round where it is shortest. */
async function longestTurn(run) {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    let longest = 0;
    let isOver = false;
    let lastMs = performance.now();
    const turn = () => {
      const nowMs = performance.now();
      longest = Math.max(longest, nowMs - lastMs);
      lastMs = nowMs;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await run();
    isOver = true;
    turn();
    best = Math.min(best, longest);
  }
  return best;
}

/** PyTorch's names of the types that lossy codecs take. */
const VALUES = { half: 'float16', bfloat16: 'bfloat16', float: 'float32' };

/** How fast kvnest encodes and decodes, all chunks at once, what is left, and the processor time of each. */
async function measureCodec(chunks, dtype, codec) {
  const arena = createArena({ capacityBytes: 256 * MIB });
  const space = new ArenaSpaceService(arena);
  const parts = { space, crc32c: (bytes, previous) => arena.crc32c(bytes, previous) };
  const encoder = new ChunkEncoder(parts);
  const decoder = new ChunkDecoder(parts);
  const handles = chunks.map((chunk, i) => {
    const handle = space.reserve({ key: ChunkKey.of(`model@1@0@${i}@${dtype}`), lengthBytes: chunk.length });
    const writer = new ExtentWriter(handle.views, parts.crc32c);
    writer.write(chunk);
    handle.seal(writer.checksum);
    return handle;
  });
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const type = (handle) =>
    codec.maxError === 0 ? likelyElementType(handle) : elementTypeNamed(VALUES[dtype]);
  const encodeOne = async (handle) => {
    const encoded = await encoder.encode(handle, codec, type(handle));
    return typeof encoded === 'string' ? undefined : encoded;
  };
  const encode = () => Promise.all(handles.map(encodeOne));
  const encodeAndDrop = async () => (await encode()).forEach((handle) => handle?.[Symbol.dispose]());
  const encodeMBs = await speed(bytes, encodeAndDrop);
  const encodeTurnMs = await longestTurn(encodeAndDrop);
  const beforeEncode = process.cpuUsage();
  const encoded = await encode();
  const encodeCpu = process.cpuUsage(beforeEncode);
  const left = encoded.reduce((sum, handle, i) => sum + (handle ?? handles[i]).lengthBytes, 0);
  const decodeAndDrop = async () => {
    const decoded = await Promise.all(encoded.map((handle) => decoder.decode(handle.retain())));
    decoded.forEach((handle) => handle[Symbol.dispose]());
  };
  const isSmaller = !encoded.includes(undefined);
  const decodeMBs = isSmaller ? await speed(bytes, decodeAndDrop) : undefined;
  const decodeTurnMs = isSmaller ? await longestTurn(decodeAndDrop) : undefined;
  const beforeDecode = process.cpuUsage();
  const decoded = await Promise.all(encoded.map((handle) => handle && decoder.decode(handle.retain())));
  const decodeCpu = process.cpuUsage(beforeDecode);
  decoded.forEach((handle) => handle?.[Symbol.dispose]());
  arena.close();
  const perMiB = ({ user, system }) => (((user + system) * MIB) / bytes).toFixed(0);
  return {
    ...{ ratio: left / bytes, encodeMBs, decodeMBs, encodeTurnMs, decodeTurnMs },
    ...{ encodeCpu: perMiB(encodeCpu), decodeCpu: perMiB(decodeCpu) },
  };
}

/** Megabits a second below which a single transfer is shorter, and a stream of them carries more. */
function payoff({ ratio, encodeMBs, decodeMBs }) {
  if (decodeMBs === undefined) return { 'one put': '-', 'one get': '-', stream: '-' };
  const gigabits = (megabytes) => `< ${((megabytes * 8) / 1000).toFixed(1)} Gbit/s`;
  return {
    'one put': gigabits((1 - ratio) * encodeMBs),
    'one get': gigabits((1 - ratio) * decodeMBs),
    stream: gigabits(Math.min(encodeMBs, decodeMBs)),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'kvnest-serde-'));
const llama = await startLlama();
try {
  const modelPath = values.model ?? join(folder, 'tiny.gguf');
  if (values.model === undefined) await writeTinyModel(modelPath);
  const model = await llama.loadModel({ modelPath });
  const ratios = {};
  const speeds = {};
  const codecs = {};
  for (const [type, [dtype, elementBytes]] of Object.entries(TYPES)) {
    const chunks = await chunksOf(model, type);
    ratios[type] = { 'chunk MiB': (chunks[0].length / MIB).toFixed(1) };
    for (const level of [1, 3]) {
      ratios[type][`plain, level ${level}`] = (await ratioOf(chunks, level, 1)).toFixed(3);
      ratios[type][`shuffled, level ${level}`] = (await ratioOf(chunks, level, elementBytes)).toFixed(3);
    }
    const serde = await measureCodec(chunks, dtype, zstdCodec);
    for (const codec of CODECS.filter(({ maxError }) => maxError === 0 || VALUES[dtype] !== undefined)) {
      const measured = await measureCodec(chunks, dtype, codec);
      const { ratio, encodeMBs, decodeMBs, encodeTurnMs, decodeTurnMs, encodeCpu, decodeCpu } = measured;
      codecs[`${type} ${codec.name}`] = {
        'part left': ratio.toFixed(3),
        'encode MB/s': encodeMBs.toFixed(0),
        'decode MB/s': decodeMBs?.toFixed(0) ?? '-',
        'longest turn ms': [encodeTurnMs, decodeTurnMs].map((ms) => ms?.toFixed(2) ?? '-').join(' / '),
        'encode CPU µs/MiB': encodeCpu,
        'decode CPU µs/MiB': decodeCpu,
      };
    }
    speeds[type] = {
      'part left': serde.ratio.toFixed(3),
      'encode MB/s': serde.encodeMBs.toFixed(0),
      'decode MB/s': serde.decodeMBs?.toFixed(0) ?? '-',
      ...payoff(serde),
    };
  }
  console.log(`${basename(modelPath)}: part of the bytes that is left`);
  console.table(ratios);
  console.log('codecs in place');
  console.table(codecs);
  console.log(
    'serde zstd (shuffled, level 1, what it does not shrink by a sixteenth goes as it is), and when it pays',
  );
  console.table(speeds);
} finally {
  await llama.dispose();
  rmSync(folder, { recursive: true });
}

const block = Buffer.alloc(BLOCK_BYTES, 'numbers');
const shuffled = Buffer.alloc(BLOCK_BYTES);
const shuffles = {};
const native = loadNative().addon?.blocks;
for (const elementBytes of [1, 2, 4]) {
  const repeat = (work) => async () => {
    for (let i = 0; i < 100; i++) await work(block, shuffled, elementBytes);
  };
  const gigabytes = async (work) => ((await speed(100 * BLOCK_BYTES, repeat(work))) / 1000).toFixed(1);
  shuffles[`${elementBytes} bytes`] = {
    'shuffle GB/s': await gigabytes(shuffleBytes),
    'unshuffle GB/s': await gigabytes(unshuffleBytes),
    'on a thread': native === undefined ? '-' : await gigabytes(native.shuffle),
    'and back, with checksum': native === undefined ? '-' : await gigabytes(native.unshuffle),
  };
}
console.log('shuffling 512 KiB: in the event loop, and in the addon on a thread, one after the other');
console.table(shuffles);
