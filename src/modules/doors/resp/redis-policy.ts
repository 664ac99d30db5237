/** What goes by how often a chunk is asked for: LFU, to Redis. */
const LIKE_LFU: ReadonlySet<string> = new Set(['lfu', 'w-tinylfu', 'adaptive']);

/**
 * The word of Redis's `maxmemory-policy` that says most of an eviction policy of ours. All keys may go, whether they expire or not.
 *
 * @param policy its name; undefined = nothing is evicted.
 */
export function redisPolicy(policy: string | undefined): string {
  if (policy === undefined) return 'noeviction';
  return LIKE_LFU.has(policy) ? 'allkeys-lfu' : 'allkeys-lru';
}
