import { lookupCallChannel } from '../../common/tracing/engine-call.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { DIGEST_WORDS } from '../../protocols/chunk-key/key-batch.js';

/** Says that somebody asks for these keys, to whom it may concern. */
export function publishLookup(keys: readonly ChunkKey[], tokens = 0, reads = false): void {
  const digests = new Uint32Array(DIGEST_WORDS * keys.length);
  for (const [index, { d0, d1, d2, d3 }] of keys.entries())
    digests.set([d0, d1, d2, d3], DIGEST_WORDS * index);
  lookupCallChannel.publish({ digests, length: keys.length, tokens, reads });
}
