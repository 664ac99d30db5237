import { type FetchOutcome } from '../remote-connector.interface.js';

/** All outcomes, in order, when all are there. One failure fails all; then what was read is given back. */
export async function fetchedTogether(
  fetches: readonly Promise<FetchOutcome>[],
): Promise<readonly FetchOutcome[]> {
  const settled = await Promise.allSettled(fetches);
  const failed = settled.find((result) => result.status === 'rejected');
  const fetched = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (failed === undefined) return fetched;
  for (const outcome of fetched) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
  throw failed.reason;
}
