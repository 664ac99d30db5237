import { describe, expect, it } from '@jest/globals';
import { SlotMap } from './slot-map.js';

const ASKED = { host: 'asked', port: 7000 };
const node = (host: string | null, port: number): (Buffer | number | null | readonly never[])[] => [
  host === null ? null : Buffer.from(host),
  port,
  Buffer.from('id'),
  [],
];

describe('SlotMap', () => {
  it('says who has a slot, and who holds keys', () => {
    const map = SlotMap.parse(
      [
        [0, 9, node('a', 1), node('b', 2)],
        [20, 20, node('c', 3)],
        [21, 16_383, node('a', 1), node('b', 2), node('d', 4)],
      ],
      ASKED,
    );
    expect([0, 9, 10, 20, 16_383].map((slot) => map?.ownerOf(slot))).toEqual([
      { host: 'a', port: 1 },
      { host: 'a', port: 1 },
      undefined,
      { host: 'c', port: 3 },
      { host: 'a', port: 1 },
    ]);
    expect(map?.masters).toEqual([
      { host: 'a', port: 1 },
      { host: 'c', port: 3 },
    ]);
    expect(map?.nodes).toHaveLength(4);
  });

  it('takes the host that was asked where a server leaves its own out', () => {
    const map = SlotMap.parse(
      [
        [0, 1, node(null, 1)],
        [2, 3, node('', 2)],
      ],
      ASKED,
    );
    expect(map?.masters).toEqual([
      { host: 'asked', port: 1 },
      { host: 'asked', port: 2 },
    ]);
  });

  it('leaves out servers that do not know how they are reached', () => {
    expect(SlotMap.parse([[0, 5, node('?', 1)]], ASKED)).toBeUndefined();
    expect(SlotMap.parse([[0, 5, node('a', 1), node('?', 1)]], ASKED)?.nodes).toHaveLength(1);
  });

  it('does not believe slots and ports that there are not', () => {
    for (const [first, last] of [
      [0, 16_384],
      [-1, 5],
      [0, Number.MAX_SAFE_INTEGER],
    ] as const)
      expect(SlotMap.parse([[first, last, node('a', 1)]], ASKED)).toBeUndefined();
    for (const port of [0, -1, 65_536])
      expect(SlotMap.parse([[0, 1, node('a', port)]], ASKED)).toBeUndefined();
  });

  it.each([null, [], 'OK', 3, [[]], [[0, 5]], [['0', '5', node('a', 1)]], [[0, 5, ['a']]]])(
    'is nothing for %j',
    (reply) => expect(SlotMap.parse(reply, ASKED)).toBeUndefined(),
  );
});
