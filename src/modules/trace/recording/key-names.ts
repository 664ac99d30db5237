import { randomInt } from 'node:crypto';
import { type CallKey } from '../../../common/tracing/engine-call.channel.js';

const { imul } = Math;
const secrets = Int32Array.from({ length: 4 }, () => randomInt(2 ** 32));

/**
 * What a key is called in traces of this process: 64 bits in hex, equal for equal keys. Not the digest itself, which must not
 * leave the process, and nothing that leads back to the key.
 */
export function keyName({ d0, d1, d2, d3 }: CallKey): string {
  const a = mix(d0 ^ (secrets[0] as number));
  const b = mix((a + d1) ^ (secrets[1] as number));
  const c = mix((b + d2) ^ (secrets[2] as number));
  const d = mix((c + d3) ^ (secrets[3] as number));
  return hex(c) + hex(d);
}

/** The same of many, whose words lie in one array. */
export function digestNames(digests: Uint32Array, length: number): readonly string[] {
  const names: string[] = [];
  for (let at = 0; names.length < length; at += 4) {
    names.push(
      keyName({
        d0: digests[at] as number,
        d1: digests[at + 1] as number,
        d2: digests[at + 2] as number,
        d3: digests[at + 3] as number,
      }),
    );
  }
  return names;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** MurmurHash3's finaliser. */
function mix(word: number): number {
  let hash = imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
