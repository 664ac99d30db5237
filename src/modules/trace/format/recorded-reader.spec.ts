import { describe, expect, it } from '@jest/globals';
import { findEvictionPolicy } from '../../tiers/eviction/eviction-policies.catalog.js';
import { simulate } from '../simulation/simulate.js';
import { type Trace } from '../trace.interface.js';
import { getLine, headerLine, lookupLine, lostLine, putLine, retrieveLine } from './recorded-line.js';
import { RecordedReader } from './recorded-reader.js';
import { TraceBuilder } from './trace-builder.js';
import { type TraceLine } from './trace-line.interface.js';

const HEADER = headerLine(new Date(0), 256);

function read(...lines: readonly string[]): Trace {
  const builder = new TraceBuilder();
  const reader = new RecordedReader(builder);
  for (const line of [HEADER, ...lines]) {
    expect(reader.read(JSON.parse(line) as TraceLine)).toBeUndefined();
  }
  return builder.build();
}

/** Requests as the blocks that they name, those that only store with a plus. */
function requests(trace: Trace): readonly string[] {
  return Array.from({ length: trace.requests }, (_, request) => {
    const blocks = trace.blocks.subarray(trace.starts[request], trace.starts[request + 1]);
    return `${trace.storesOnly[request] === 1 ? '+' : ''}${blocks.join(' ')}`;
  });
}

describe('RecordedReader', () => {
  it('takes a lookup with what follows it for one request', () => {
    const trace = read(
      lookupLine(5, ['a', 'b', 'c'], 600),
      retrieveLine(6, ['a', 'b', 'c'], 600),
      getLine(7, 'a', 100),
      getLine(7, 'b', undefined),
      putLine(8, 'b', 100, 1),
      putLine(9, 'c', 50, 2),
      lookupLine(1_005, ['a', 'b', 'd'], 768),
    );
    expect(requests(trace)).toEqual(['0 1 2', '0 1 3']);
    expect([...trace.tokens]).toEqual([256, 256, 88, 256, 256, 256]);
    expect([...trace.blockBytes]).toEqual([100, 100, 50, 0]);
    expect([...trace.depths]).toEqual([0, 1, 2, 0, 1, 2]);
    expect([...trace.timesMs]).toEqual([0, 1_000]);
  });

  it('takes a read without a lookup for a request, and the put after it for a part of that', () => {
    const trace = read(
      getLine(0, 'a', undefined),
      putLine(1, 'a', 10, -1),
      getLine(2, 'a', 10),
      lostLine(3, 7),
      putLine(4, 'b', 20, -1),
    );
    expect(requests(trace)).toEqual(['0', '0', '+1']);
    expect([...trace.depths]).toEqual([-1, -1, -1]);
  });

  it('takes what nobody has looked up before, or a minute ago, for a request', () => {
    const trace = read(
      retrieveLine(0, ['a', 'b'], 512),
      getLine(1, 'a', 1),
      getLine(1, 'b', 1),
      lookupLine(2, ['a', 'b'], 512),
      retrieveLine(60_003, ['a', 'b'], 512),
      lookupLine(60_004, ['c'], 256),
      lookupLine(60_005, ['c'], 256),
      getLine(120_006, 'c', 1),
    );
    expect(requests(trace)).toEqual(['0 1', '0 1', '0 1', '2', '2', '2']);
  });

  it('keeps in no cache what nobody ever stored', () => {
    const trace = read(
      lookupLine(0, ['a'], 0),
      lookupLine(1, ['b'], 0),
      lookupLine(2, ['a'], 0),
      putLine(3, 'b', 1, 0),
    );
    const tier = {
      name: 'memory',
      capacity: { amount: 9, unit: 'blocks' },
      policy: findEvictionPolicy('lru').create(9),
    } as const;
    expect(simulate(trace, [tier])).toMatchObject({ requests: 3, blocks: 3, hitBlocks: 0 });
  });

  it.each([
    [{ kvnest_trace: 2 }, 'version 2'],
    [{ kvnest_trace: 1, chunk_tokens: 0 }, 'chunk_tokens'],
  ])('refuses the header %p', (line, words) => {
    expect(new RecordedReader(new TraceBuilder()).read(line)).toContain(words);
  });

  it.each([
    [{ op: 'lookup', keys: ['a'] }, '"t"'],
    [{ t: 1, op: 'peek', key: 'a' }, '"op"'],
    [{ t: 1, op: 'lookup', keys: [1] }, '"keys"'],
    [{ t: 1, op: 'lookup', keys: ['a'], tokens: -1 }, '"tokens"'],
    [{ t: 1, op: 'get', key: '' }, '"key"'],
    [{ t: 1, op: 'get', key: 'a', bytes: 'x' }, '"bytes"'],
    [{ t: 1, op: 'put', key: 'a' }, '"bytes"'],
    [{ t: 1, op: 'put', bytes: 1 }, '"key"'],
    [{ t: 1, op: 'put', key: 'a', bytes: 1, depth: 0.5 }, '"depth"'],
  ])('says what is wrong with %p', (line, words) => {
    const reader = new RecordedReader(new TraceBuilder());
    expect(reader.read(JSON.parse(HEADER) as TraceLine)).toBeUndefined();
    expect(reader.read(line)).toContain(words);
  });
});
