import { hash } from 'node:crypto';
import {
  CBOR_ARRAY,
  CBOR_BYTES,
  CBOR_NULL,
  CBOR_TEXT,
  CBOR_UNSIGNED,
  MAX_CBOR_HEAD_BYTES,
  writeCborHead,
  writeCborUint64,
} from './cbor-writer.js';
import { type ChunkHash } from './chunk-hash.interface.js';

const MAX_TOKEN_BYTES = 5;
const FIELDS = 3;

/** SHA-256 of the canonical CBOR of a text. */
export function sha256CborText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(MAX_CBOR_HEAD_BYTES);
  const headBytes = writeCborHead(head, 0, CBOR_TEXT, bytes.length);
  return sha256(Buffer.concat([head.subarray(0, headBytes), bytes]));
}

/** The two spellings of what is hashed. */
export interface CborShape {
  /** The previous hash is an unsigned integer of 8 bytes, not a byte string. */
  readonly foldedPrevious: boolean;
  /** The third element: nothing, or an empty array. */
  readonly extra: 'null' | 'empty';
}

/** SHA-256 over the canonical CBOR of `[previous, [tokens], extra]`. */
export class CborChunkHash implements ChunkHash {
  readonly #shape: CborShape;
  #message = Buffer.alloc(0);

  constructor(shape: CborShape) {
    this.#shape = shape;
  }

  digest(previous: Buffer, tokens: Uint32Array, start: number, end: number): Buffer {
    const message = this.#room(3 * MAX_CBOR_HEAD_BYTES + previous.length + (end - start) * MAX_TOKEN_BYTES);
    let at = writeCborHead(message, 0, CBOR_ARRAY, FIELDS);
    if (this.#shape.foldedPrevious) {
      at = writeCborUint64(message, at, previous);
    } else {
      at = writeCborHead(message, at, CBOR_BYTES, previous.length);
      at += previous.copy(message, at);
    }
    at = writeCborHead(message, at, CBOR_ARRAY, end - start);
    for (let i = start; i < end; i++) at = writeCborHead(message, at, CBOR_UNSIGNED, tokens[i] as number);
    message[at++] = this.#shape.extra === 'null' ? CBOR_NULL : CBOR_ARRAY;
    return sha256(message.subarray(0, at));
  }

  #room(bytes: number): Buffer {
    if (this.#message.length < bytes) this.#message = Buffer.alloc(bytes);
    return this.#message;
  }
}

function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
