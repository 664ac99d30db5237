import { PATTERNS } from '../../../../protocols/kvnest-tcp/patterns.js';
import { existsPattern } from './exists.pattern.js';
import { getPattern } from './get.pattern.js';
import { locatePattern, releasePattern, summaryPattern } from './peer.patterns.js';
import { deletePattern, pinPattern, unpinPattern } from './keys.patterns.js';
import { lookupPattern } from './lookup.pattern.js';
import { namedPattern } from './named.pattern.js';
import { type PatternHandler } from './pattern.interface.js';
import { putPattern } from './put.pattern.js';
import { retrievePattern } from './retrieve.pattern.js';
import { storePattern } from './store.pattern.js';

/** What answers a request, by the number of its pattern. */
export const PATTERN_TABLE: readonly (PatternHandler | undefined)[] = table({
  [PATTERNS.NAMED]: namedPattern,
  [PATTERNS.EXISTS]: existsPattern,
  [PATTERNS.GET]: getPattern,
  [PATTERNS.PUT]: putPattern,
  [PATTERNS.DELETE]: deletePattern,
  [PATTERNS.PIN]: pinPattern,
  [PATTERNS.UNPIN]: unpinPattern,
  [PATTERNS.LOOKUP]: lookupPattern,
  [PATTERNS.STORE]: storePattern,
  [PATTERNS.RETRIEVE]: retrievePattern,
  [PATTERNS.LOCATE]: locatePattern,
  [PATTERNS.RELEASE]: releasePattern,
  [PATTERNS.SUMMARY]: summaryPattern,
});

/** Patterns whose header is JSON. */
export const JSON_PATTERNS: ReadonlySet<number> = new Set([
  PATTERNS.NAMED,
  PATTERNS.LOOKUP,
  PATTERNS.STORE,
  PATTERNS.RETRIEVE,
]);

/**
 * The names that the hello tells: of patterns; `local`: `EXISTS` and `GET` know this option; `announce`: a question for a
 * summary may wait.
 */
export const CAPABILITIES: readonly string[] = [
  ...Object.entries(PATTERNS)
    .filter(([, number]) => number !== PATTERNS.NAMED)
    .map(([name]) => name.toLowerCase()),
  'named',
  'local',
  'announce',
];

function table(handlers: Readonly<Record<number, PatternHandler>>): readonly (PatternHandler | undefined)[] {
  return Array.from({ length: 256 }, (_, number) => handlers[number]);
}
