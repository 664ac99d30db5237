import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeRemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { runInfinistoreClient } from '../support/infinistore/infinistore-python.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';

const KEYS = Array.from({ length: 4 }, (_, i) => `org/model@1@0@abc${i}@bfloat16`);
/** bfloat16, `KV_2LTD`, as LMCache's connector writes it: seven numbers, then the bytes. */
const METADATA = encodeRemoteMetadata({
  lengthBytes: 300_000,
  format: 1,
  groups: [{ dtype: 3, shape: [2, 3, 250, 100] }],
});

/** LMCache's `_put`, with the client that it uses. */
const PUT_AS_LMCACHE = `
import struct, zlib
for i, key in enumerate(args):
    header = struct.pack("iiiiiii", 300000, 1, 3, 2, 3, 250, 100)
    value = numpy.frombuffer(header + bytes([i]) * 300000 + b"padding", dtype=numpy.uint8).copy()
    connection.tcp_write_cache(key, value.ctypes.data, value.size)
`;
const READ = `
import hashlib
for key in args:
    value = numpy.asarray(connection.tcp_read_cache(key)).tobytes()
    length = int.from_bytes(value[:4], "little")
    print(value[:28].hex(), hashlib.sha256(value[28 : 28 + length]).hexdigest())
`;

describeWithPeer(missingInfinistore())("InfiniStore's own Python client", () => {
  let server: InfinistoreServer;
  let world: InfinistoreWorld;

  beforeAll(async () => {
    server = await InfinistoreServer.start();
    world = await InfinistoreWorld.connect(server.port);
  });
  afterAll(async () => {
    const references = await world.close();
    await server.kill();
    expect(references).toBe(0);
  });

  it("stores what this one reads, in LMCache's layout", async () => {
    await runInfinistoreClient(server.port, PUT_AS_LMCACHE, KEYS);
    for (const [i, name] of KEYS.entries()) {
      const read = await world.read(ChunkKey.of(name));
      expect(read).toMatchObject({ metadata: METADATA });
      expectBytes((read as { bytes: Buffer }).bytes, Buffer.alloc(300_000, i));
    }
    expect(await world.connector.existsMany([...KEYS, 'none'].map((name) => ChunkKey.of(name)))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('reads, finds and removes what this one stores', async () => {
    const names = KEYS.map((name) => `${name}@layer%1`);
    const bytes = chunkBytes(300_000);
    for (const name of names.slice(0, 3)) {
      expect(await world.put({ key: ChunkKey.of(name), bytes, metadata: METADATA })).toBe('stored');
    }
    const { createHash } = await import('node:crypto');
    const digest = createHash('sha256').update(bytes).digest('hex');
    const line = `${METADATA.toString('hex')} ${digest}\n`;
    expect(await runInfinistoreClient(server.port, READ, names.slice(0, 3))).toBe(line.repeat(3));
    const script = `
print(connection.get_match_last_index(args), [connection.check_exist(key) for key in args], connection.delete_keys(args[1:]))
`;
    expect(await runInfinistoreClient(server.port, script, names)).toBe('2 [True, True, True, False] 2\n');
    expect(await world.connector.existsMany(names.map((name) => ChunkKey.of(name)))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(await world.connector.remove(ChunkKey.of(names[0]!))).toBe(true);
  });
});
