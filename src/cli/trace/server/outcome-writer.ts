import { type BlockBytes } from './block-bytes.js';
import { emptyOutcome, type RequestOutcome } from './request-outcome.interface.js';

/** Writes down what happens to one request, while it happens. */
export class OutcomeWriter {
  readonly outcome: RequestOutcome = emptyOutcome();
  readonly #startMs = performance.now();

  constructor(private readonly bytes: BlockBytes) {}

  read(block: number, bytes: Uint8Array): void {
    const sinceStartMs = performance.now() - this.#startMs;
    this.outcome.firstMs ??= sinceStartMs;
    this.outcome.lastMs = sinceStartMs;
    this.outcome.hits++;
    this.outcome.bytesRead += bytes.length;
    if (!this.bytes.matches(block, bytes)) this.outcome.wrong++;
  }

  stored(length: number, isStored: boolean): void {
    if (isStored) this.outcome.bytesStored += length;
    else this.outcome.refused++;
  }
}
