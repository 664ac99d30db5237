import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const MIB = 1024 * 1024;

describe('tcp door', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;

  beforeEach(async () => {
    server = await createTestTcpDoor();
    client = await TcpTestClient.open(server.port);
  });
  afterEach(async () => {
    client[Symbol.dispose]();
    await server.close();
  });

  it('greets with what it is', () => {
    const [hello] = client.frames;
    expect(hello?.prefix.type).toBe(FRAME_TYPES.HELLO);
    expect(JSON.parse(hello!.header.toString())).toMatchObject({
      version: 1,
      tiers: ['memory'],
      chunk_tokens: 256,
      heartbeat_ms: 15_000,
      limits: { header: MIB, json: 16 * MIB, value: 512 * MIB, keys: 10_000, in_flight: 256 },
    });
  });

  it('stores, finds, reads and deletes', async () => {
    const bytes = chunkBytes(3 * MIB + 7);
    expect(await client.put('a', bytes)).toMatchObject({ outcome: 'stored', tiers: 1 });
    expect(await client.flags(PATTERNS.EXISTS, ['a', 'b'])).toEqual([1, 0]);
    const [found, missing] = await client.get('a', 'b');
    expectBytes(found!, bytes);
    expect(missing).toBeUndefined();
    expect(await client.flags(PATTERNS.DELETE, ['a', 'b'])).toEqual([1, 0]);
    expect(await client.get('a')).toEqual([undefined]);
    expect(server.references()).toBe(0);
  });
});
