import { setTimeout as delay } from 'node:timers/promises';
import { type Trace } from '../../../modules/trace/trace.interface.js';
import { EngineQueue } from './engine-queue.js';
import { type RequestRunner } from './request-outcome.interface.js';
import { ReplayTotals } from './replay-totals.js';

export interface PaceOptions {
  /** How much faster than it was; `Infinity` = all requests are there at the start. */
  readonly speed: number;
  /** Slots of the engine: requests that run at a time. */
  readonly atOnce: number;
  /** Only so many of the trace's. */
  readonly requests: number;
  /** Of the requests that wait for a slot, the first so many are prefetched; 0 = none. */
  readonly prefetchAhead: number;
}

/** Sends the requests of a trace in their order, at their times or when a slot is free. Ends with the first error. */
export async function replayAtPace(
  trace: Trace,
  runner: RequestRunner,
  { speed, atOnce, requests, prefetchAhead }: PaceOptions,
): Promise<ReplayTotals> {
  const totals = new ReplayTotals(trace);
  const prefetches: Promise<unknown>[] = [];
  const count = Math.min(requests, trace.requests);
  const startMs = performance.now();
  const dueMs = (request: number): number => startMs + (trace.timesMs[request] as number) / speed;
  const queue = new EngineQueue({
    slots: atOnce,
    announced: prefetchAhead,
    run: async (request) => {
      if (speed !== Infinity) totals.lateMs.push(Math.max(0, performance.now() - dueMs(request)));
      totals.add(request, await runner.run(request));
    },
    announce: (request) => {
      const done = runner.prefetch(request).then(
        (blocks) => (totals.prefetched += blocks),
        () => totals.prefetchesFailed++,
      );
      prefetches.push(done);
    },
  });
  for (let request = 0; request < count && !queue.hasFailed; request++) {
    const earlyMs = dueMs(request) - performance.now();
    if (earlyMs > 1) await delay(earlyMs);
    queue.arrive();
  }
  await queue.close();
  totals.seconds = (performance.now() - startMs) / 1_000;
  await Promise.all(prefetches);
  return totals;
}
