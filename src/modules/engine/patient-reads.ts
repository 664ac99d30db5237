import { setTimeout as delay } from 'node:timers/promises';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';

/** Room comes when a reply has left: milliseconds later at the earliest. */
const RETRY_MS = 2;

/**
 * Reads that found no room in memory because replies on their way to clients fill it. They are tried again, one after
 * the other in the order of their arrival, for a miss would be wrong: the chunk is there, and a client that was told
 * so may not survive the opposite.
 */
export class PatientReads {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly patienceMs: number) {}

  /** Reads again until the outcome is another than `busy`, or patience ends. */
  retry(read: () => Awaitable<ReadOutcome>): Promise<ReadOutcome> {
    const deadlineMs = performance.now() + this.patienceMs;
    const answer = this.#turn.then(() => persist(read, deadlineMs));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }
}

async function persist(read: () => Awaitable<ReadOutcome>, deadlineMs: number): Promise<ReadOutcome> {
  for (;;) {
    const outcome = await read();
    if (outcome !== 'busy' || performance.now() >= deadlineMs) return outcome;
    await delay(RETRY_MS);
  }
}
