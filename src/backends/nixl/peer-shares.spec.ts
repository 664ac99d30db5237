import { expect, it } from '@jest/globals';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { PeerShares, type WantedChunk } from './peer-shares.js';
import { type Peer } from './peers/peer.js';

/** A peer as far as shares look at it. */
const peer = (label: string, isPromising = true): Peer => ({ label, isPromising }) as Peer;
const chunk = (name: string, from: readonly Peer[]): WantedChunk => ({
  key: ChunkKey.of(name),
  from,
  outcome: 'miss',
  isDone: false,
});
const sharesOf = (chunks: readonly WantedChunk[]) =>
  new PeerShares(chunks).map(
    ({ label }, share) => `${label}: ${share.map(({ key }) => key.toString()).join()}`,
  );

it('asks the peer that may have most for all it may have, and the others for the rest', () => {
  const [a, b, c] = [peer('a'), peer('b'), peer('c')];
  const chunks = [chunk('1', [a, b]), chunk('2', [b]), chunk('3', [c, b]), chunk('4', [a]), chunk('5', [])];
  expect(sharesOf(chunks)).toEqual(['b: 1,2,3', 'a: 4']);
  expect(chunks.map(({ from }) => from.map(({ label }) => label))).toEqual([['a'], [], ['c'], [], []]);
});

it('asks the one that is named first where two may have as much', () => {
  const [a, b] = [peer('a'), peer('b')];
  expect(sharesOf([chunk('1', [b, a]), chunk('2', [b, a])])).toEqual(['b: 1,2']);
});

it('asks nobody who is left alone, and for nothing that is there', () => {
  const [gone, well] = [peer('gone', false), peer('well')];
  const done = { ...chunk('3', [well]), isDone: true };
  const shares = new PeerShares([chunk('1', [gone]), chunk('2', [gone, well]), done]);
  expect(shares.map(({ label }, share) => [label, share.length])).toEqual([['well', 1]]);
  expect(shares.haveOthers).toBe(false);
});
