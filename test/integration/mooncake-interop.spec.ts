import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import {
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { MooncakeCluster } from '../support/mooncake/mooncake-cluster.js';
import { missingMooncake, type MooncakeRelease } from '../support/mooncake/mooncake-process.js';
import { MooncakePythonClient } from '../support/mooncake/mooncake-python-client.js';
import { describeWithPeer } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';

/** As LMCache names the chunks of a model. */
const nameOf = (i: number): string => `org/model@1@0@${(0xabc0 + i).toString(16)}@bfloat16`;
const keyOf = (i: number): ChunkKey => ChunkKey.of(nameOf(i));
const MIB = 1024 * 1024;

async function expectChunk(world: RemoteWorld, i: number, bytes: Buffer, metadata?: Buffer): Promise<void> {
  const chunk = await world.read(keyOf(i));
  if (typeof chunk === 'string') throw new Error(chunk);
  expectBytes(chunk.bytes, bytes);
  if (metadata !== undefined) expectBytes(chunk.metadata, metadata);
}

function tensors(lengthBytes: number, groups = 1): RemoteMetadata {
  return {
    lengthBytes,
    format: 1,
    groups: Array.from({ length: groups }, () => ({ dtype: 3, shape: [2, 4, 8, lengthBytes / 128] })),
  };
}

describe.each<[MooncakeRelease, boolean]>([
  ['0.3.13', false],
  ['0.3.13', true],
  ['0.3.12', false],
])("Mooncake's own client of %s and the connector (metadata server: %s)", (release, withMetadataServer) => {
  describeWithPeer(missingMooncake(release))('find what the other one stored', () => {
    let cluster: MooncakeCluster;
    let python: MooncakePythonClient;
    let world: RemoteWorld;

    beforeAll(async () => {
      cluster = await MooncakeCluster.start({ release, withMetadataServer, segments: ['256MB', '256MB'] });
      try {
        python = await MooncakePythonClient.connect(cluster.port, release, cluster.metadataServer);
      } catch (error) {
        await cluster[Symbol.asyncDispose]();
        throw error;
      }
    });
    afterAll(async () => {
      await python[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    });
    beforeEach(() => cluster.clear());
    afterEach(async () => {
      expect(await world.close()).toBe(0);
    });

    it("in LMCache's layout, with the shapes of tensors in front", async () => {
      world = await RemoteWorld.open(cluster.url());
      expect(await world.connector.describe?.()).toContain(
        `Mooncake ${release}, master 127.0.0.1:${cluster.port}`,
      );
      const metadata = encodeRemoteMetadata(tensors(MIB));
      const several = encodeRemoteMetadata(tensors(6_400, 3));
      expect(await python.call('put_parts', nameOf(1), metadata, chunkBytes(MIB, 1))).toBe(0);
      expect(await python.call('put_parts', nameOf(2), several, chunkBytes(6_400, 2))).toBe(0);
      expect(await world.connector.existsMany([keyOf(1), keyOf(2), keyOf(3)])).toEqual([true, true, false]);
      await expectChunk(world, 1, chunkBytes(MIB, 1), metadata);
      await expectChunk(world, 2, chunkBytes(6_400, 2), several);

      expect(await world.put({ key: keyOf(3), bytes: chunkBytes(MIB, 3), metadata })).toBe('stored');
      expect(await python.call('batch_is_exist', [nameOf(1), nameOf(3), nameOf(4)])).toEqual([1, 1, 0]);
      expectBytes(
        (await python.call('get', nameOf(3))) as Buffer,
        Buffer.concat([metadata, chunkBytes(MIB, 3)]),
      );
      expect(await python.call('get_size', nameOf(3))).toBe(MIB + 28);
    });

    it("in LMCache's layout without metadata (save_chunk_meta: false)", async () => {
      world = await RemoteWorld.open(cluster.url(), { extraConfig: { save_chunk_meta: false } });
      expect(await python.call('put', nameOf(1), chunkBytes(100_000, 1))).toBe(0);
      await expectChunk(world, 1, chunkBytes(100_000, 1));
      expect(await world.put({ key: keyOf(2), bytes: chunkBytes(100_000, 2) })).toBe('stored');
      expectBytes((await python.call('get', nameOf(2))) as Buffer, chunkBytes(100_000, 2));
    });

    it('and whoever writes first has written: the key says what the bytes are', async () => {
      world = await RemoteWorld.open(cluster.url('save_chunk_meta=false'));
      expect(await python.call('put', nameOf(1), chunkBytes(1_000, 1))).toBe(0);
      expect(await world.put({ key: keyOf(1), bytes: chunkBytes(1_000, 2) })).toBe('stored');
      await expectChunk(world, 1, chunkBytes(1_000, 1));
      expect(await world.put({ key: keyOf(2), bytes: chunkBytes(1_000, 1) })).toBe('stored');
      expect(await python.call('put', nameOf(2), chunkBytes(1_000, 2))).toBe(0);
      expectBytes((await python.call('get', nameOf(2))) as Buffer, chunkBytes(1_000, 1));
    });

    it('and remove what the other one stored', async () => {
      world = await RemoteWorld.open(cluster.url('save_chunk_meta=false'));
      await python.call('put', nameOf(1), chunkBytes(1_000, 1));
      expect(await world.connector.remove(keyOf(1))).toBe(true);
      expect(await python.call('is_exist', nameOf(1))).toBe(0);
      await world.put({ key: keyOf(2), bytes: chunkBytes(1_000, 2) });
      if (release === '0.3.13') expect(await python.call('remove', nameOf(2), true)).toBe(0);
      else expect(await python.call('remove', nameOf(2))).toBe(0);
      expect(await world.read(keyOf(2))).toBe('miss');
    });

    it.each([
      ['is no metadata of tensors', Buffer.alloc(500, 7)],
      ['is too short for metadata', Buffer.alloc(10, 0)],
      [
        'is longer than its metadata say',
        Buffer.concat([encodeRemoteMetadata(tensors(6_400)), Buffer.alloc(6_401)]),
      ],
    ])('but take nothing for a chunk that %s; a put mends it', async (_, value) => {
      world = await RemoteWorld.open(cluster.url());
      expect(await python.call('put', nameOf(1), value)).toBe(0);
      expect(await world.read(keyOf(1))).toBe('corrupt');
      expect(await world.put({ key: keyOf(1), bytes: chunkBytes(1_000, 2) })).toBe('stored');
      await expectChunk(world, 1, chunkBytes(1_000, 2));
    });
  });
});
