import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import type * as HashWasm from 'hash-wasm';
import { type ChunkHash } from './chunk-hash.interface.js';

const TOKEN_BYTES = 4;
const IS_LITTLE_ENDIAN = endianness() === 'LE';

type Blake3 = Awaited<ReturnType<typeof HashWasm.createBLAKE3>>;

/** This one alone: the package's index holds the code of all its algorithms. */
function loadBlake3(): Pick<typeof HashWasm, 'createBLAKE3'> {
  const require = createRequire(import.meta.url);
  return require('hash-wasm/dist/blake3.umd.min.js') as Pick<typeof HashWasm, 'createBLAKE3'>;
}

/** BLAKE3 over the previous hash and the tokens as big-endian 32-bit words. */
export class Blake3ChunkHash implements ChunkHash {
  readonly #blake3: Blake3;
  #message = Buffer.alloc(0);

  private constructor(blake3: Blake3) {
    this.#blake3 = blake3;
  }

  static async create(): Promise<Blake3ChunkHash> {
    return new Blake3ChunkHash(await loadBlake3().createBLAKE3());
  }

  digest(previous: Buffer, tokens: Uint32Array, start: number, end: number): Buffer {
    const tokenBytes = (end - start) * TOKEN_BYTES;
    const message = this.#room(previous.length + tokenBytes);
    message.set(previous);
    const words = message.subarray(previous.length, previous.length + tokenBytes);
    words.set(new Uint8Array(tokens.buffer, tokens.byteOffset + start * TOKEN_BYTES, tokenBytes));
    if (IS_LITTLE_ENDIAN) words.swap32();
    const hasher = this.#blake3.init().update(message.subarray(0, previous.length + tokenBytes));
    return Buffer.from(hasher.digest('binary').buffer);
  }

  #room(bytes: number): Buffer {
    if (this.#message.length < bytes) this.#message = Buffer.alloc(bytes);
    return this.#message;
  }
}
