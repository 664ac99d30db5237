import { expect, it } from '@jest/globals';
import { type AheadRead, type SpareChunk } from './ahead-read.interface.js';
import { furthestFirst } from './held-chunks.js';

function read(waitsForReceiver: boolean, ...spare: readonly [slot: number, distance: number][]): AheadRead {
  const chunks = spare.map(([slot, distance]): SpareChunk => ({ index: distance, distance, slot }));
  return {
    waitsForReceiver,
    spareChunks: () => chunks,
    giveUp: () => undefined,
    giveUpBeyondWindow: () => false,
    loads: () => undefined,
  };
}

const slots = (...reads: readonly AheadRead[]): readonly number[] =>
  furthestFirst(reads).map(({ slot }) => slot);

it('goes by who gets a chunk first, where several reads hold it', () => {
  expect(slots(read(false, [1, 9], [2, 5]), read(false, [1, 2]))).toEqual([2, 1]);
  expect(slots(read(false, [1, 2]), read(false, [1, 9], [2, 5]))).toEqual([2, 1]);
});

it('counts a chunk of which one read waits for no receiver with those of such reads', () => {
  expect(slots(read(true, [1, 9], [2, 5]), read(false, [1, 9]))).toEqual([2, 1]);
  expect(slots(read(false, [1, 9]), read(true, [1, 9], [2, 5]))).toEqual([2, 1]);
  expect(slots(read(true, [1, 9], [2, 5]), read(true, [1, 9]))).toEqual([1, 2]);
});
