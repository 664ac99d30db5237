import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { type FetchOutcome } from '../../remote-connector.interface.js';
import { type ObjectStart, type ObjectToFetch } from '../mooncake-engine.interface.js';
import { type RunningReads } from '../running-reads.js';
import { type LibraryStore } from './library-store.js';
import { type TransferLane } from './transfer-lanes.js';

/** How much is taken in before others have their turn. */
const SLICE_BYTES = 1024 * 1024;

/**
 * Objects read with Mooncake's library, which reads whole ones only, into one piece of memory, and looks at their lease
 * itself. What has no header in front goes straight to its place in the arena.
 */
export class NativeReads {
  constructor(
    private readonly store: LibraryStore,
    private readonly running: RunningReads,
    /** The arena's. */
    private readonly memory: ArrayBufferLike,
  ) {}

  async fetch({ name, take }: ObjectToFetch, lane: TransferLane): Promise<FetchOutcome> {
    using read = this.running.begin(name);
    const lengthBytes = await this.store.sizeOf(name);
    if (typeof lengthBytes !== 'number') return 'miss';
    using intake = take(lengthBytes);
    if (intake.discards) return intake.finish();
    const place = intake.target(lengthBytes);
    const isPlace = place.length === lengthBytes && place.buffer === this.memory;
    const target = isPlace ? place : await lane.scratch(lengthBytes);
    if (!(await this.store.read(name, target)) || read.isInvalid) return 'miss';
    await takeIn(intake, isPlace ? undefined : target);
    return intake.finish();
  }

  async peek(name: string, maxBytes: number, lane: TransferLane): Promise<ObjectStart | undefined> {
    using read = this.running.begin(name);
    const lengthBytes = await this.store.sizeOf(name);
    if (typeof lengthBytes !== 'number') return undefined;
    const target = await lane.scratch(lengthBytes);
    if (!(await this.store.read(name, target)) || read.isInvalid) return undefined;
    return { bytes: Buffer.from(target.subarray(0, maxBytes)), lengthBytes };
  }
}

/** @param from where the bytes are; undefined when they are in their place. */
async function takeIn(intake: ChunkIntake, from: Buffer | undefined): Promise<void> {
  for (let taken = 0; ;) {
    if (from === undefined) intake.advance(intake.target(SLICE_BYTES).length);
    else taken += intake.write(from.subarray(taken, taken + SLICE_BYTES));
    if (intake.remainingBytes === 0) return;
    await nextTurn();
  }
}
