/** What a policy does while it looks for a victim. */
export interface VictimSearch {
  /** What it would give up next, -1 = nothing is left. */
  readonly candidate: () => number;
  /** Takes one that was refused out of its order, so that the next call names another. */
  readonly setAside: (entry: number) => void;
  /** Puts one that was refused into its order again, as what it is: in use. */
  readonly bringBack: (entry: number) => void;
}

/** The first candidate that may go, -1 = none may. Each entry is asked for once, so it ends. */
export function firstEvictable(search: VictimSearch, evictable: (entry: number) => boolean): number {
  let entry = search.candidate();
  if (entry === -1 || evictable(entry)) return entry;
  const refused: number[] = [];
  do {
    search.setAside(entry);
    refused.push(entry);
    entry = search.candidate();
  } while (entry !== -1 && !evictable(entry));
  for (const held of refused) search.bringBack(held);
  return entry;
}
