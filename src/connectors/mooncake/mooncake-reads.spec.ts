import { describe, expect, it } from '@jest/globals';
import { parseReplicaLists } from '../../protocols/mooncake/mooncake-reply.js';
import { packValue } from '../../protocols/mooncake/struct-pack.js';
import { type WireValue } from '../../protocols/mooncake/wire-value.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { type MooncakeMasters } from './master/mooncake-masters.js';
import { MooncakeReads } from './mooncake-reads.js';
import { SegmentOwners } from './owners/segment-owners.js';

/** BatchGetReplicaList of 0.3.13. */
const LISTS = Buffer.from(
  '8487fd84fd0486fdfd0404800c800cfffffdfd0404800c800cfffffd800c04fffdfd04048989ff04800cfffd800c04040401ffff01ff048504ff01',
  'hex',
);
const COMPLETE = 3;
const memory = (protocol: string): WireValue => ({ index: 0, value: [[100n, 1n, protocol, '127.0.0.1:1']] });

describe('Objects of which no copy is in memory that is reached over TCP', () => {
  /** No real store makes these without its hardware, so the master's answer is made here. */
  it.each<[string, WireValue, number]>([
    ['RDMA', memory('rdma'), COMPLETE],
    ['NoF', { index: 1, value: [[100n, 1n, 'nvmeof', 'target']] }, COMPLETE],
    ['a disk', { index: 2, value: ['/a/file', 100n] }, COMPLETE],
    ['a disk of an owner', { index: 3, value: [[1n, 2n], 100n, '127.0.0.1:1'] }, COMPLETE],
    ['a distributed file system', { index: 4, value: ['name', 1n, 2n, 3n, 4] }, COMPLETE],
    ['memory that is being written', memory('tcp'), 2],
    ['nothing', undefined, COMPLETE],
  ])('are misses, and nobody is asked for them: %s', async (_, place, status) => {
    const replicas = place === undefined ? [] : [[7n, place, status]];
    const body = packValue(LISTS, [{ isError: false, value: [replicas, 10_000n, undefined] }]);
    const lists = parseReplicaLists(body);
    expect(lists).toHaveLength(1);
    const masters = { generation: 1, replicaLists: () => Promise.resolve(lists) };
    const owners = new SegmentOwners({
      label: 'mooncakestore://test',
      connections: 1,
      connectTimeoutMs: 100,
      silenceMs: 100,
      banMs: 1_000,
      metadataServer: undefined,
      logger: { warn: (message) => expect(message).toBe('nothing') },
    });
    const reads = new MooncakeReads(masters as unknown as MooncakeMasters, owners);
    const take = (): ChunkIntake => {
      throw new Error('there is nothing to take');
    };
    expect(await reads.fetchMany([{ name: 'a', take }], undefined)).toEqual(['miss']);
    expect(await reads.peekMany(['a'], 10, undefined)).toEqual([undefined]);
  });
});
