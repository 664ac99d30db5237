import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { describeRemoteConnectorContract } from '../../../../test/contracts/remote-connector.contract.js';
import { fragmentArena } from '../../../../test/contracts/chunks/arena-filler.js';
import { chunkBytes, expectBytes, sealedChunk } from '../../../../test/contracts/chunks/chunk-bytes.js';
import { ManualClock } from '../../../../test/support/clock.js';
import { loopbackContract } from '../../../../test/support/loopback-contract.js';
import { SeededRandom } from '../../../../test/support/seeded-random.js';
import { ArenaSpaceService } from '../../../arena/arena-space.js';
import { type Arena } from '../../../arena/arena.interface.js';
import { createArena } from '../../../arena/create-arena.js';
import { LoopbackConnector } from '../../../connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../../../connectors/loopback/loopback.store.js';
import { intakePlace } from '../../../connectors/intake/value-intake.js';
import { adaptPlainConnector } from '../../../connectors/plain-connector.adapter.js';
import { type RemoteConnector } from '../../../connectors/remote-connector.interface.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import {
  encodeChunkHeader,
  ENCODED_MAGIC,
  encodedHeaderBytes,
  type EncodedHeader,
} from '../../../protocols/encoded-chunk/encoded-chunk.js';
import { parseSealedHeader, sealedHeaderLength } from '../../../protocols/sealed-chunk/sealed-chunk.js';
import { SerdeConnector } from './serde-connector.js';
import { withSerde } from './with-serde.js';

const MIB = 1024 * 1024;
const A = ChunkKey.of('m@1@0@ab@bfloat16');
const label = 'loopback://test';
const clock = new ManualClock();

interface Vector {
  readonly original: string;
  readonly encoded: string;
}

const vector = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/encoded-chunk.json', import.meta.url), 'utf8'),
) as { readonly chunks: Record<'zstd' | 'none' | 'laterVersion', Vector> };

for (const serde of ['naive', 'zstd'] as const) {
  describeRemoteConnectorContract(
    `loopback with serde ${serde}`,
    loopbackContract((loopback, { arena, space }) => withSerde(loopback, 'far', serde, { arena, space })),
  );
}

describe('encoded chunks', () => {
  let arena: Arena;
  let space: ArenaSpaceService;
  let store: LoopbackStore;
  let loopback: RemoteConnector;
  let naive: SerdeConnector;
  let zstd: SerdeConnector;

  beforeEach(async () => {
    arena = createArena({ capacityBytes: 24 * MIB, native: false });
    space = new ArenaSpaceService(arena);
    store = new Map();
    loopback = adaptPlainConnector(new LoopbackConnector(store, clock), { arena, space, label });
    const place = intakePlace({ arena, space });
    naive = new SerdeConnector(loopback, 'naive', place);
    zstd = new SerdeConnector(loopback, 'zstd', place);
    await loopback.connect();
  });
  afterEach(() => {
    expect(arena.usage().references).toBe(0);
    arena.close();
  });

  async function put(connector: RemoteConnector, bytes: Buffer, metadata?: Buffer): Promise<void> {
    using chunk = sealedChunk(arena, space, { key: A, bytes, depth: 3, ...(metadata && { metadata }) });
    expect(await connector.put(chunk)).toBe('stored');
  }

  async function read(connector: RemoteConnector): Promise<Buffer | string> {
    const outcome = await connector.get(A);
    if (typeof outcome === 'string') return outcome;
    using chunk = outcome;
    const bytes = Buffer.concat(chunk.views);
    expect(chunk.checksum).toBe(arena.crc32c(bytes));
    return bytes;
  }

  /** The bytes that the store has of the chunk, as a connector with checksums saw them last. */
  const stored = (): Buffer => {
    const value = Buffer.from(store.get(String(A))!.value);
    return value.subarray(sealedHeaderLength(value));
  };

  /** Numbers as a cache has them: much the same exponents, random digits. */
  function numbers(lengthBytes: number): Buffer {
    const bytes = new SeededRandom(lengthBytes).bytes(lengthBytes);
    for (let i = 1; i < lengthBytes; i += 2) bytes[i] = 0x3c + (bytes[i]! & 3);
    return bytes;
  }

  it.each([1_024, 1_025, 65_536, 512 * 1024, 512 * 1024 + 1, 2 * MIB - 3])(
    'are smaller than %i bytes, and come back whatever the setting is',
    async (lengthBytes) => {
      const bytes = numbers(lengthBytes);
      await put(zstd, bytes, Buffer.from('m'));
      expect(stored().length).toBeLessThan(0.9 * lengthBytes);
      expectBytes(await read(naive), bytes);
      expectBytes(await read(zstd), bytes);
      const outcome = await naive.get(A);
      if (typeof outcome === 'string') throw new Error(outcome);
      using chunk = outcome;
      expect(chunk.metadata.toString()).toBe('m');
      expect(chunk.attributes).toMatchObject({ depth: 3, expiresAtMs: 0 });
    },
  );

  it('come back from and to several extents', async () => {
    const fillers = fragmentArena(arena);
    const bytes = numbers(MIB + 6);
    await put(zstd, bytes);
    expectBytes(await read(zstd), bytes);
    for (const filler of fillers) filler[Symbol.dispose]();
  });

  it('are the chunks as they are where that is no longer', async () => {
    const noise = new SeededRandom(1).bytes(100_000);
    await put(zstd, noise);
    expectBytes(stored(), noise);
    await put(zstd, Buffer.alloc(1_000));
    expectBytes(stored(), Buffer.alloc(1_000));
    expectBytes(await read(zstd), Buffer.alloc(1_000));
  });

  it.each(['naive', 'zstd'])('are never taken for chunks that look like them, with %s', async (serde) => {
    const connector = serde === 'naive' ? naive : zstd;
    for (const bytes of [
      ENCODED_MAGIC,
      Buffer.from(vector.chunks.zstd.encoded, 'hex'),
      Buffer.concat([ENCODED_MAGIC, new SeededRandom(2).bytes(9_000)]),
    ]) {
      await put(connector, bytes);
      expectBytes(await read(connector), bytes);
    }
  });

  it('go as they are when there is no room to encode them', async () => {
    const bytes = numbers(8 * MIB);
    await put(zstd, bytes);
    const encoded = stored().length;
    using filler = space.reserve({ key: A, lengthBytes: 7 * MIB }) as Disposable;
    await put(zstd, bytes);
    expect(encoded).toBeLessThan(7 * MIB);
    expect(stored()).toHaveLength(bytes.length);
    expect(filler).toBeDefined();
  });

  it('are busy when there is no room to decode them', async () => {
    await put(zstd, numbers(8 * MIB));
    using filler = space.reserve({ key: A, lengthBytes: 14 * MIB }) as Disposable;
    expect(await read(zstd)).toBe('busy');
    expect(filler).toBeDefined();
  });

  it('are corrupt when a byte of them has changed, unless it meant nothing', async () => {
    const bytes = numbers(4_000);
    await put(zstd, bytes);
    const good = stored();
    for (let i = 0; i < good.length; i += i < 60 ? 1 : 97) {
      const damaged = Buffer.from(good);
      damaged.writeUInt8(damaged.readUInt8(i) ^ 0x10, i);
      // Put as it is, under a new seal: a store without checksums gives it back like this.
      await put(loopback, damaged);
      if (i < ENCODED_MAGIC.length) expectBytes(await read(zstd), damaged);
      else {
        const outcome = await read(zstd);
        // zstd's own frames have bits that change nothing.
        if (typeof outcome === 'string' || i < encodedHeaderBytes(1))
          expect(outcome).toBe(i === 8 ? 'miss' : 'corrupt');
        else expectBytes(outcome, bytes);
      }
    }
    await put(loopback, good.subarray(0, -1));
    expect(await read(zstd)).toBe('corrupt');
    await put(loopback, good.subarray(0, 20));
    expect(await read(zstd)).toBe('corrupt');
  });

  it.each(['zstd', 'none'] as const)('are read as they were written once, with codec %s', async (codec) => {
    await put(loopback, Buffer.from(vector.chunks[codec].encoded, 'hex'));
    expectBytes(await read(naive), Buffer.from(vector.chunks[codec].original, 'hex'));
  });

  it.each([
    ['a frame of 256 MiB in a block of 512 KiB', { lengthBytes: 512 * 1024 }, 'corrupt'],
    ['a block of 4 GiB', { lengthBytes: 2 ** 32 - 1, blockBytes: 2 ** 32 - 1 }, 'corrupt'],
    ['16 TiB in 16 MiB blocks', { lengthBytes: 2 ** 44, blockBytes: 2 ** 24, count: 2 ** 20 }, 'miss'],
  ])('that claim more than they are cost no memory: %s', async (_, claim, outcome) => {
    const { lengthBytes, blockBytes = 512 * 1024, count = 1 } = claim as Record<string, number>;
    const frame = zstdCompressSync(Buffer.alloc(256 * MIB));
    const blocks = [frame.length, ...new Array<number>(count - 1).fill(0)];
    const header = {
      codec: 'zstd',
      elementBytes: 2,
      elementType: 0,
      blockBytes,
      lengthBytes,
      checksum: 0,
      blocks,
    } as EncodedHeader;
    await put(loopback, Buffer.concat([encodeChunkHeader(header, (bytes) => arena.crc32c(bytes)), frame]));
    const before = process.memoryUsage.rss();
    expect(await read(naive)).toBe(outcome);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MIB);
  });

  it('of a later version are misses', async () => {
    await put(loopback, Buffer.from(vector.chunks.laterVersion.encoded, 'hex'));
    expect(await read(naive)).toBe('miss');
  });

  it('have a seal of their own', async () => {
    await put(zstd, chunkBytes(50_000));
    const value = Buffer.from(store.get(String(A))!.value);
    const header = parseSealedHeader(value, (bytes) => arena.crc32c(bytes));
    expect(header).toMatchObject({
      lengthBytes: stored().length,
      checksum: arena.crc32c(stored()),
      depth: 3,
    });
  });

  it.each(['lmcache', 'none'] as const)('are refused to a store with metadata %s', (metadata) => {
    const capabilities = { ...loopback.capabilities, metadata };
    Object.defineProperty(loopback, 'capabilities', { value: capabilities });
    expect(() => withSerde(loopback, 'far', 'zstd', { arena, space })).toThrow(
      expect.objectContaining({ code: 'KV_CONFIG_INVALID' }),
    );
    expect(withSerde(loopback, 'far', 'naive', { arena, space })).toBe(loopback);
  });
});
