import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { connect, type KvnestClient } from '../../src/client/index.js';
import { type CompressRequest } from '../../src/modules/compression/compression.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { readLocateAnswer } from '../../src/protocols/kvnest-tcp/locate.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { readGetAnswer } from '../../src/protocols/kvnest-tcp/replies.js';
import { put } from '../support/engine.js';
import { kvNumbers, worstError } from '../support/kv-numbers.js';
import { keyList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const BYTES = 20_000;
const INT8: CompressRequest = { tier: 'memory', codec: 'int8', maxError: 0.008, dtype: 'bfloat16' };
const PREFIX = { model: 'm' };

describe('a chunk that has lost something, over TCP', () => {
  let server: TestTcpDoor;
  let client: KvnestClient;
  const value = kvNumbers(BYTES, 1);

  beforeEach(async () => {
    server = await createTestTcpDoor();
    client = await connect(`kvnest://127.0.0.1:${server.port}`);
  });

  afterEach(async () => {
    await client.close();
    expect(server.arena.usage().references).toBe(0);
    await server.close();
  });

  async function lose(name: string): Promise<void> {
    const done = await lastValueFrom(server.engine.compress([ChunkKey.of(name)], INT8));
    expect(done).toMatchObject({ compressed: 1 });
  }

  it('says so to who asks for values', async () => {
    await put(server, ChunkKey.of('lossy'), value);
    await put(server, ChunkKey.of('whole'), value);
    await lose('lossy');
    const [lossy, whole] = await client.getMany(['lossy', 'whole']);
    expect(lossy?.loss).toBe('int8');
    expect(worstError(value, Buffer.from(lossy!.bytes))).toBeLessThanOrEqual(0.008);
    expect(whole).not.toHaveProperty('loss');
  });

  it('says so to who retrieves a prefix', async () => {
    const tokens = Array.from({ length: 512 }, (_, i) => i);
    const chunks = [0, 1].map((index) => ({ index, bytes: value }));
    const stored = await client.store(tokens, chunks, PREFIX);
    await lose(stored[1]!.key);
    const losses: unknown[] = [];
    for await (const { loss } of client.retrieve(tokens, PREFIX)) losses.push(loss);
    expect(losses).toEqual([undefined, 'int8']);
  });

  it.each([
    ['as one that is there', ['loss', 'more'], true],
    ['as a miss, for it does not say that it knows of losses', undefined, false],
    ['as a miss, for what it says is none of it', { loss: true }, false],
  ])('is told to a server %s', async (_, capabilities, isThere) => {
    await put(server, ChunkKey.of('lossy'), value);
    await put(server, ChunkKey.of('whole'), value);
    await lose('lossy');
    using peer = await TcpTestClient.open(server.port, { capabilities });
    for (const option of [1, 2, 3]) {
      const id = peer.request(PATTERNS.GET, keyList(['lossy', 'whole'], option));
      for (const expected of [isThere, true]) {
        const { header, body } = await peer.reply(id);
        expect(readGetAnswer(header, (option & 1) === 1).found).toBe(expected);
        expect(body).toHaveLength(expected ? BYTES : 0);
      }
    }
    const places = await peer.reply(peer.request(PATTERNS.LOCATE, keyList(['lossy', 'whole'], 1_000)));
    const { lease, outcomes } = readLocateAnswer(places.header);
    expect(outcomes.map((outcome) => typeof outcome === 'object')).toEqual([isThere, true]);
    await peer.reply(peer.request(PATTERNS.RELEASE, Buffer.from(lease, 'hex')));
    // An application has it in any case.
    const { header } = await peer.reply(peer.request(PATTERNS.GET, keyList(['lossy'])));
    expect(readGetAnswer(header).loss).toBe('int8');
  });
});
