import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeRpcRequest, type MasterMethod } from '../../src/protocols/mooncake/rpc-frame.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { MooncakeCluster } from '../support/mooncake/mooncake-cluster.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { MooncakeWorld } from '../support/mooncake/mooncake-world.js';
import { describeWithPeer } from '../support/peer.js';

const METHODS: readonly MasterMethod[] = [
  'BatchExistKey',
  'BatchGetReplicaList',
  'BatchPutStart',
  'BatchPutEnd',
  'PutRevoke',
  'BatchRemove',
];
const idOf = (method: MasterMethod): number => encodeRpcRequest(1, method, Buffer.alloc(0)).readUInt32LE(8);
const NAMES = new Map(METHODS.map((method) => [idOf(method), method]));
const COUNT = 32;
const keys = Array.from({ length: COUNT }, (_, i) =>
  ChunkKey.of(`org/model@1@0@${(0xabc0 + i).toString(16)}@bfloat16`),
);

/** Stands before the master and writes down what it is asked. */
async function listen(port: number, onAsked: (method: string) => void): Promise<Server> {
  const server = createServer((client) => {
    const master = connect(port, '127.0.0.1');
    for (const socket of [client, master]) socket.on('error', () => undefined);
    master.pipe(client);
    let pending: Buffer = Buffer.alloc(0);
    client
      .on('close', () => master.destroy())
      .on('data', (bytes: Buffer) => {
        master.write(bytes);
        pending = Buffer.concat([pending, bytes]);
        while (pending.length >= 20 && pending.length >= 20 + pending.readUInt32LE(12)) {
          onAsked(NAMES.get(pending.readUInt32LE(8)) ?? 'another');
          pending = pending.subarray(20 + pending.readUInt32LE(12));
        }
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describeWithPeer(missingMooncake())('A batch of chunks in Mooncake', () => {
  const asked: string[] = [];
  let onAsked: (method: string) => void = () => undefined;
  let cluster: MooncakeCluster;
  let server: Server;
  let world: MooncakeWorld;

  beforeAll(async () => {
    cluster = await MooncakeCluster.start({ segments: ['128MB', '128MB'] });
    server = await listen(cluster.port, (method) => {
      asked.push(method);
      onAsked(method);
    });
    world = await MooncakeWorld.connect((server.address() as AddressInfo).port);
    // An owner is met, so that it is known how long a chunk may be.
    await world.store(ChunkKey.of('first'), Buffer.from('chunk'));
  });
  afterAll(async () => {
    expect(await world.close()).toBe(0);
    server.close();
    await cluster[Symbol.asyncDispose]();
  });

  async function questionsOf<T>(call: () => Promise<T>): Promise<readonly [T, readonly string[]]> {
    asked.length = 0;
    return [await call(), [...asked]];
  }

  it('is put in one round trip for the memory and one that makes it visible', async () => {
    const chunks = keys.map((key, i) => world.chunk({ key, bytes: chunkBytes(200_000 + i, i) }));
    const [outcomes, questions] = await questionsOf(() => world.connector.putMany(chunks));
    for (const chunk of chunks) chunk[Symbol.dispose]();
    expect(new Set(outcomes)).toEqual(new Set(['stored']));
    expect(questions).toEqual(['BatchPutStart', 'BatchPutEnd']);
  });

  it('is looked up, read and put again in one round trip each', async () => {
    const none = ChunkKey.of('none');
    const [found, lookup] = await questionsOf(() => world.connector.existsMany([...keys, none]));
    expect(found).toEqual([...keys.map(() => true), false]);
    expect(lookup).toEqual(['BatchExistKey']);
    const [outcomes, reading] = await questionsOf(() => world.connector.getMany([none, ...keys]));
    expect(outcomes[0]).toBe('miss');
    for (const [i, outcome] of outcomes.slice(1).entries()) {
      using handle = outcome as ArenaHandle;
      expectBytes(Buffer.concat(handle.views), chunkBytes(200_000 + i, i));
    }
    expect(reading).toEqual(['BatchGetReplicaList']);
    const chunks = keys.map((key) => world.chunk({ key }));
    const [again, putting] = await questionsOf(() => world.connector.putMany(chunks));
    for (const chunk of chunks) chunk[Symbol.dispose]();
    expect(new Set(again)).toEqual(new Set(['stored']));
    expect(putting).toEqual(['BatchPutStart']);
  });

  it.each(['BatchPutStart', 'BatchPutEnd'])(
    'leaves no key taken when it is taken back at %s',
    async (method) => {
      const key = ChunkKey.of(`taken back at ${method}`);
      const abort = new AbortController();
      onAsked = (name) => {
        if (name === method) abort.abort();
      };
      const failure = errorOf(() => world.store(key, chunkBytes(10_000, 1), abort.signal));
      expect(await failure).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      onAsked = () => undefined;
      expect(await world.store(key, chunkBytes(10_000, 2))).toBe('stored');
      expectBytes(await world.fetch(key), chunkBytes(10_000, 2));
    },
  );

  it('keeps the last of two chunks of one key', async () => {
    const key = ChunkKey.of('twice');
    const chunks = [1, 2].map((seed) => world.chunk({ key, bytes: chunkBytes(10_000, seed) }));
    expect(await world.connector.putMany(chunks)).toEqual(['stored', 'stored']);
    for (const chunk of chunks) chunk[Symbol.dispose]();
    expectBytes(await world.fetch(key), chunkBytes(10_000, 2));
  });

  it('is removed in one round trip', async () => {
    const [removed, questions] = await questionsOf(() => world.connector.removeMany(keys));
    expect(removed).toEqual(keys.map(() => true));
    expect(questions).toEqual(['BatchRemove']);
  });
});
