import { type AheadRead } from './ahead-read.interface.js';

/** A chunk in the arena that reads could give up, together. */
export interface HeldChunk {
  readonly slot: number;
  readonly holders: { readonly read: AheadRead; readonly index: number }[];
  /** Of the reader that gets it first. */
  distance: number;
  /** All of them do. */
  waitForReceivers: boolean;
}

/** What reads could give up: of those that wait for their receivers first, and what goes to a receiver last first. */
export function furthestFirst(reads: Iterable<AheadRead>): readonly HeldChunk[] {
  const held = new Map<number, HeldChunk>();
  for (const read of reads) {
    const { waitsForReceiver } = read;
    for (const { index, distance, slot } of read.spareChunks()) {
      const chunk = held.get(slot);
      if (chunk === undefined) {
        held.set(slot, { slot, holders: [{ read, index }], distance, waitForReceivers: waitsForReceiver });
        continue;
      }
      chunk.holders.push({ read, index });
      chunk.distance = Math.min(chunk.distance, distance);
      chunk.waitForReceivers &&= waitsForReceiver;
    }
  }
  return Array.from(held.values()).sort(
    (a, b) => Number(b.waitForReceivers) - Number(a.waitForReceivers) || b.distance - a.distance,
  );
}
