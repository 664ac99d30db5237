import { setTimeout as delay } from 'node:timers/promises';
import { type Trace } from '../../../modules/trace/trace.interface.js';
import { type RequestRunner } from './request-outcome.interface.js';
import { ReplayTotals } from './replay-totals.js';

export interface PaceOptions {
  /** How much faster than it was; `Infinity` = one after the other without a pause. */
  readonly speed: number;
  /** Requests in flight beyond which the next waits. */
  readonly atOnce: number;
  /** Only so many of the trace's. */
  readonly requests: number;
  /** How many requests before its turn each is prefetched; 0 = not at all. */
  readonly prefetchAhead: number;
}

/** Sends the requests of a trace in their order, at their times. Ends with the first error. */
export async function replayAtPace(
  trace: Trace,
  runner: RequestRunner,
  { speed, atOnce, requests, prefetchAhead }: PaceOptions,
): Promise<ReplayTotals> {
  const totals = new ReplayTotals(trace);
  const inFlight = new Set<Promise<void>>();
  const errors: unknown[] = [];
  const prefetches: Promise<unknown>[] = [];
  const count = Math.min(requests, trace.requests);
  const startMs = performance.now();
  for (let request = 0; request < count && errors.length === 0; request++) {
    const dueMs = startMs + (trace.timesMs[request] as number) / speed;
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 1) await delay(earlyMs);
    while (inFlight.size >= atOnce) await Promise.race(inFlight);
    if (speed !== Infinity) totals.lateMs.push(Math.max(0, performance.now() - dueMs));
    const announced = request + prefetchAhead;
    if (prefetchAhead > 0 && announced < count) {
      prefetches.push(runner.prefetch(announced).catch(() => totals.prefetchesFailed++));
    }
    const done = runner
      .run(request)
      .then(
        (outcome) => totals.add(request, outcome),
        (error: unknown) => void errors.push(error),
      )
      .finally(() => inFlight.delete(done));
    inFlight.add(done);
  }
  await Promise.all(inFlight);
  if (errors.length > 0) throw errors[0];
  totals.seconds = (performance.now() - startMs) / 1_000;
  await Promise.all(prefetches);
  return totals;
}
