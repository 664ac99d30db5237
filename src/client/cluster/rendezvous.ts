import { type ServerAddress } from '../options/client-url.js';

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a, 32 bits. */
export function hashBytes(bytes: Uint8Array, previous = OFFSET): number {
  let hash = previous;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** The last steps of MurmurHash3, which mix 32 bits well and lose nothing. */
function mix(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Places hashes at servers: each goes to the server with the highest score for it. Every client with the same list places
 * alike, in whatever order it stands, and a server that is added takes its share from all others and moves nothing else.
 */
export class Rendezvous {
  readonly #seeds: readonly number[];

  constructor(servers: readonly Pick<ServerAddress, 'name'>[]) {
    this.#seeds = servers.map(({ name }) => mix(hashBytes(Buffer.from(name))));
  }

  /** @returns the place of a server in the list. */
  place(hash: number): number {
    let best = 0;
    let bestScore = -1;
    for (const [index, seed] of this.#seeds.entries()) {
      const score = mix(hash ^ seed);
      if (score > bestScore) {
        best = index;
        bestScore = score;
      }
    }
    return best;
  }
}
