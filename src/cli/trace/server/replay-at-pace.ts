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
}

/** Sends the requests of a trace in their order, at their times. Ends with the first error. */
export async function replayAtPace(
  trace: Trace,
  runner: RequestRunner,
  { speed, atOnce, requests }: PaceOptions,
): Promise<ReplayTotals> {
  const totals = new ReplayTotals(trace);
  const inFlight = new Set<Promise<void>>();
  const startMs = performance.now();
  for (let request = 0; request < Math.min(requests, trace.requests); request++) {
    const dueMs = startMs + (trace.timesMs[request] as number) / speed;
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 1) await delay(earlyMs);
    while (inFlight.size >= atOnce) await Promise.race(inFlight);
    if (speed !== Infinity) totals.lateMs.push(Math.max(0, performance.now() - dueMs));
    const done = runner.run(request).then((outcome) => totals.add(request, outcome));
    const settled = done.finally(() => inFlight.delete(settled));
    // An error is thrown where somebody waits for it.
    settled.catch(() => undefined);
    inFlight.add(settled);
  }
  await Promise.all(inFlight);
  totals.seconds = (performance.now() - startMs) / 1_000;
  return totals;
}
