import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ContainsOptions } from '../../../backends/storage-backend.interface.js';
import { type TierStack } from '../../tiers/tier-stack.js';
import { type LookupResult, type PrefixChunk } from '../cache-engine.interface.js';
import { keysOf } from './keys-of.js';

/** Looked for in one turn of the event loop: some 3 ms of work. */
const TURN_CHUNKS = 4096;

/** Looks for the chunks of a prefix, in several parts where they are very many. @returns those in front of the first that is missing. */
export async function locateInTurns(
  stack: Pick<TierStack, 'locatePrefix'>,
  chunks: readonly PrefixChunk[],
  options: ContainsOptions,
): Promise<LookupResult['chunks']> {
  const found: (PrefixChunk & { readonly tier: string })[] = [];
  for (let from = 0; from < chunks.length; from += TURN_CHUNKS) {
    if (from > 0) await nextTurn();
    const part = chunks.slice(from, from + TURN_CHUNKS);
    const located = await stack.locatePrefix(keysOf(part), options);
    located.forEach(({ tier }, index) => found.push({ ...(part[index] as PrefixChunk), tier }));
    if (located.length < part.length) break;
  }
  return found;
}
