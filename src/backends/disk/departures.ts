import { type BlockSpace } from './block-space.js';
import { type Journal } from './journal.js';
import { type MediumHealth } from './medium-health.js';
import { encodeRemove, type RemoveRecord } from './record-codec.js';

interface Waiter {
  readonly told: number;
  readonly resolve: () => void;
}

/**
 * Tells the journal which chunks have left the index, and only then gives their blocks back: blocks are never
 * written to while the journal still says whose they are. What a failing medium did not take is told again later.
 */
export class Departures {
  readonly #owed: RemoveRecord[] = [];
  readonly #waiters: Waiter[] = [];
  #told = 0;
  #answered = 0;

  constructor(
    private readonly journal: Pick<Journal, 'append'>,
    private readonly space: BlockSpace,
    private readonly health: MediumHealth,
  ) {}

  /** A chunk that holds blocks has left. */
  add(chunk: RemoveRecord): void {
    this.space.leave(chunk.firstBlock);
    this.#tell(chunk);
  }

  /** Tells again what the medium did not take; somebody may be waiting for its blocks. */
  retry(): void {
    for (const chunk of this.#owed.splice(0)) this.#tell(chunk);
  }

  /** Resolves when the journal has answered for every departure so far. */
  settled(): Promise<void> {
    if (this.#told === this.#answered) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ told: this.#told, resolve }));
  }

  #tell(chunk: RemoveRecord): void {
    this.#told++;
    this.journal.append(encodeRemove(chunk), (error) => {
      this.#answered++;
      if (error === undefined) this.space.release(chunk.firstBlock);
      else {
        this.#owed.push(chunk);
        this.health.failed(error);
        this.space.fail();
      }
      while (this.#waiters[0] !== undefined && this.#waiters[0].told <= this.#answered)
        this.#waiters.shift()?.resolve();
    });
  }
}
