import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { missChannel } from '../../common/tracing/engine-event.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type MutableEngineCounters } from './engine-counters.js';
import { publishGet } from './publish-calls.js';

/** Counts what reads come to, and tells those who listen. */
export class CountedReads {
  constructor(private readonly counters: MutableEngineCounters) {}

  count(key: ChunkKey, read: Awaitable<ReadOutcome>): Awaitable<ReadOutcome> {
    this.counters.gets++;
    return read instanceof Promise ? this.#countLater(key, read) : this.#countOutcome(key, read);
  }

  /** Apart, because a closure costs even where it is not made. */
  #countLater(key: ChunkKey, read: Promise<ReadOutcome>): Promise<ReadOutcome> {
    return read.then((outcome) => this.#countOutcome(key, outcome));
  }

  #countOutcome(key: ChunkKey, outcome: ReadOutcome): ReadOutcome {
    if (typeof outcome !== 'string') {
      this.counters.hits++;
      this.counters.bytesOut += outcome.lengthBytes;
      publishGet(key, outcome.lengthBytes);
      return outcome;
    }
    if (outcome === 'miss') this.counters.misses++;
    else if (outcome === 'busy') this.counters.busyReads++;
    else this.counters.corruptReads++;
    // Who is busy has it, and is asked again.
    if (outcome !== 'busy') publishGet(key);
    if (missChannel.hasSubscribers) missChannel.publish({ type: 'miss', key, reason: outcome });
    return outcome;
  }
}
