import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type KvnestProcess } from '../support/kvnest-process.js';
import { expectEventually } from '../support/eventually.js';
import { missingGpu } from '../support/nixl/missing-gpu.js';
import { NixlServers, tcpDoorCounters } from '../support/nixl/nixl-servers.js';
import { missingNixl, NIXL_PYTHON, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithDevice, describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 60_000;
const EXAMPLE = join(import.meta.dirname, '../../examples/python-client');
const SCRIPT = join(import.meta.dirname, '../support/nixl/nixl-read-values.py');
const LENGTH = 2 * MIB;
const SHORT = 5000;
const KEYS = Array.from({ length: 64 }, (_, i) => `chunk-${i}`);

describeWithPeer(missingNixl())("the Python client's reader over NIXL", () => {
  const servers = new NixlServers();
  const random = new SeededRandom(11);
  let server: KvnestProcess;
  const checksums: number[] = [];
  const short = new SeededRandom(12).bytes(SHORT);

  beforeAll(async () => {
    const options = { environment: ucxEnvironment(), tier: { role: 'sender' }, memory: '512MiB' };
    // Peers may hold a quarter of it.
    server = await servers.start({ ...options, arena: '640MiB' });
    const client = await servers.client(server);
    for (const key of KEYS) {
      const bytes = random.bytes(LENGTH);
      checksums.push(crc32(bytes));
      await client.put(key, bytes);
    }
    await client.put('short', short);
  }, TIMEOUT_MS);
  afterAll(() => servers[Symbol.asyncDispose](), TIMEOUT_MS);

  async function read(memory: string, keys: readonly string[], length = LENGTH): Promise<unknown> {
    const { port } = new URL(server.tcpUrl);
    const { stdout } = await promisify(execFile)(
      NIXL_PYTHON,
      [SCRIPT, EXAMPLE, port, memory, String(length), ...keys],
      { env: { ...process.env, ...ucxEnvironment() }, timeout: TIMEOUT_MS },
    );
    return JSON.parse(stdout);
  }

  it('brings values straight from the memory of a server, and gives the lease back', async () => {
    expect(await read('DRAM', ['none', ...KEYS, 'short'])).toEqual([null, ...checksums, null]);
    const isOver = async (): Promise<boolean> => (await tcpDoorCounters(server))['peer_leases_ended'] === 1;
    await expectEventually(isOver);
  });

  it('brings more values than it reads at a time', async () => {
    const read5000 = (await read('DRAM', Array<string>(5000).fill('short'), SHORT)) as unknown[];
    expect([read5000.length, [...new Set(read5000)]]).toEqual([5000, [crc32(short)]]);
  });

  describeWithDevice(missingGpu)('with memory of a GPU', () => {
    it('brings values straight into it', async () => {
      expect(await read('VRAM', KEYS)).toEqual(checksums);
    });
  });
});
