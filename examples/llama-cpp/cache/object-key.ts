import { createBLAKE3 } from 'hash-wasm';

/** Tensor-parallel rank 0 of 1, on one machine. */
const KV_RANK = '01000100';
const OBJECT_GROUP = '0';

/**
 * The keys of the whole chunks of a prompt, in the form of LMCache's object keys: `model@kv_rank@group@hash`. Each
 * hash covers the tokens of its chunk and the hash before, so a key stands for everything up to its chunk's end.
 */
export async function objectKeys(
  model: string,
  tokens: readonly number[],
  chunkTokens: number,
): Promise<readonly string[]> {
  const hasher = await createBLAKE3();
  const digest = (...parts: readonly Uint8Array[]): Buffer => {
    hasher.init();
    for (const part of parts) hasher.update(part);
    return Buffer.from(hasher.digest('binary'));
  };
  let hash = digest(Buffer.alloc(8), bigEndian([0]));
  return Array.from({ length: Math.floor(tokens.length / chunkTokens) }, (_, chunk) => {
    hash = digest(hash, bigEndian(tokens.slice(chunk * chunkTokens, (chunk + 1) * chunkTokens)));
    return [model, KV_RANK, OBJECT_GROUP, hash.toString('hex')].join('@');
  });
}

function bigEndian(words: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(words.length * 4);
  words.forEach((word, index) => bytes.writeUInt32BE(word, index * 4));
  return bytes;
}
