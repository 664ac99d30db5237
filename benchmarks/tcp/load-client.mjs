// One process that measures all servers, told over IPC what to do: each driver opens connections that get and put.
import { RawClient as HttpClient } from '../http/raw-client.mjs';
import { RawClient, existsFrame } from './raw-client.mjs';
import { RedisConnection } from './redis-connection.mjs';

/** Each: @returns { get(key), put(key, bytes), close() } */
const DRIVERS = {
  frames: ({ port }) => RawClient.open(port),
  resp: ({ port, size }) => RedisConnection.open(port, size),
  async http({ port, size }) {
    const client = await HttpClient.open(port, size);
    return {
      get: async (key) => (await client.get(`/v1/objects/${key}`)).length,
      put: (key, bytes) => client.put(`/v1/objects/${key}`, bytes),
      close: () => client.close(),
    };
  },
  async client({ port, size, reusesMemory }) {
    const { connect } = await import('kvnest/client');
    const client = await connect(`kvnest://127.0.0.1:${port}`, { connections: { control: 1, bulk: 1 } });
    const options = reusesMemory ? { into: Buffer.alloc(size) } : undefined;
    return {
      get: async (key) => (await client.get(key, options)).length,
      put: (key, bytes) => client.put(key, bytes),
      exists: (keys) => client.exists(keys),
      close: () => client.close(),
    };
  },
  async ioredis({ port }) {
    const { Redis } = await import('ioredis');
    const client = new Redis(port, '127.0.0.1', { lazyConnect: true });
    await client.connect();
    return {
      get: async (key) => (await client.getBuffer(key)).length,
      put: (key, bytes) => client.set(key, bytes),
      exists: async (keys) => {
        const pipeline = client.pipeline();
        for (const key of keys) pipeline.exists(key);
        await pipeline.exec();
      },
      close: () => client.disconnect(),
    };
  },
  async nest({ port }) {
    const { ClientProxyFactory, Transport } = await import('@nestjs/microservices');
    const { firstValueFrom } = await import('rxjs');
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    await client.connect();
    const ask = (pattern, data) => firstValueFrom(client.send(pattern, data));
    return {
      get: async (key) =>
        Buffer.from((await ask('kv.get', { keys: [key] })).values[0].value, 'base64').length,
      put: (key, bytes) => ask('kv.put', { items: [{ key, value: bytes.toString('base64') }] }),
      close: () => client.close(),
    };
  },
};

/** Runs `count` operations over so many connections. @returns seconds */
async function transfer({ driver, op, size, connections, count, keys, ...where }) {
  const clients = [];
  for (let i = 0; i < connections; i++) clients.push(await DRIVERS[driver]({ size, ...where }));
  const value = Buffer.allocUnsafeSlow(size);
  for (let i = 0; i < size; i++) value[i] = (i * 31 + (i >> 8)) & 255;
  if (op === 'get') for (let k = 0; k < keys; k++) await clients[0].put(`bench:${k}`, value);
  let next = 0;
  const work = async (client) => {
    while (next < count) {
      const key = `bench:${next++ % keys}`;
      if (op === 'put') await client.put(key, value);
      else if ((await client.get(key)) !== size) throw new Error(`${driver}: ${key} has not ${size} bytes`);
    }
  };
  const began = process.hrtime.bigint();
  await Promise.all(clients.map(work));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  await Promise.all(clients.map((client) => client.close()));
  return seconds;
}

/** Looks `batch` keys up at a time, so many batches in flight. @returns seconds for `count` batches */
async function lookups({ driver, port, batch, depth, count, keys }) {
  const batches = Array.from({ length: 64 }, (_, b) =>
    Array.from({ length: batch }, (_, i) => keyName((b * 7919 + i * 104_729) % keys)),
  );
  const ask = await askFor(driver, port, batches);
  let next = 0;
  const work = async () => {
    while (next < count) await ask.exists(next++ % batches.length);
  };
  const began = process.hrtime.bigint();
  await Promise.all(Array.from({ length: depth }, work));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  await ask.close();
  return seconds;
}

/** Raw clients send what was made before: what is measured then is the server. */
async function askFor(driver, port, batches) {
  if (driver === 'frames') {
    const client = await RawClient.open(port);
    const frames = batches.map(existsFrame);
    return { exists: (b) => client.send(frames[b]), close: () => client.close() };
  }
  if (driver === 'resp') {
    const client = await RedisConnection.open(port, 0);
    const pipelines = batches.map((keys) =>
      Buffer.concat(keys.map((key) => Buffer.from(`*2\r\n$6\r\nEXISTS\r\n$${key.length}\r\n${key}\r\n`))),
    );
    return { exists: (b) => client.pipeline(pipelines[b], batches[b].length), close: () => client.close() };
  }
  const client = await DRIVERS[driver]({ port });
  return { exists: (b) => client.exists(batches[b]), close: () => client.close() };
}

/** As long as a key of LMCache is. */
function keyName(k) {
  const hash = `${k.toString(16).padStart(16, '0')}`.repeat(4);
  return `meta-llama/Llama-3.1-8B-Instruct@00010001@0@${hash}`;
}

async function fill({ driver, port, keys }) {
  const client = await DRIVERS[driver]({ port, size: 16 });
  const value = Buffer.alloc(16, 1);
  for (let k = 0; k < keys; k += 200) {
    await Promise.all(
      Array.from({ length: Math.min(200, keys - k) }, (_, i) => client.put(keyName(k + i), value)),
    );
  }
  await client.close();
  return 0;
}

const TASKS = { transfer, lookups, fill };

process.on('message', ({ task, ...options }) => {
  TASKS[task](options).then(
    (seconds) => process.send({ seconds }),
    (error) => process.send({ error: error?.stack ?? JSON.stringify(error) }),
  );
});
