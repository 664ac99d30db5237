/** @returns the pause before attempt number `failures` + 1: it doubles from `minMs` to `maxMs`, and half of it is chance. */
export function backOffMs(
  failures: number,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
  random: () => number = Math.random,
): number {
  const wholeMs = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
  return wholeMs / 2 + (random() * wholeMs) / 2;
}
