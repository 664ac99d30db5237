import { Injectable } from '@nestjs/common';
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { settings } from '../settings.js';

/** Bytes of what is computed for one chunk. Those of a real model have megabytes. */
export const STATE_BYTES = 65_536;

/** All that changes the bytes of a state is in the name, so that states of different models never mix. */
export const MODEL = `stand-in-${settings.prefillCost}`;

const compute = promisify(scrypt) as (
  password: Uint8Array,
  salt: Uint8Array,
  bytes: number,
  options: { readonly N: number; readonly r: number; readonly maxmem: number },
) => Promise<Buffer>;
const BLOCK = 8;
const NOTHING = new Uint8Array(0);

/**
 * Stands in for the prefill of an inference engine: it computes no attention, but a key derivation (scrypt). What matters
 * here is the same: the state of a chunk is expensive, depends on every token up to its end, and is always the same for the
 * same tokens. Put your engine in its place.
 */
@Injectable()
export class PrefillService {
  /**
   * The state after `tokens`, of at most one chunk.
   * @param before the state in front of them; undefined at the start of a prompt.
   */
  compute(tokens: Uint32Array, before: Uint8Array = NOTHING): Promise<Uint8Array> {
    const N = 2 ** settings.prefillCost;
    const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
    return compute(bytes, before, STATE_BYTES, { N, r: BLOCK, maxmem: 256 * N * BLOCK });
  }
}
