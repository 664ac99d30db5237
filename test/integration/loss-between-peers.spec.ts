import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KvnestClient } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { kvNumbers, worstError } from '../support/kv-numbers.js';
import { type KvnestProcess } from '../support/kvnest-process.js';
import { NixlServers, tcpDoorCounters } from '../support/nixl/nixl-servers.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';

const BYTES = 300 * 1024;
const TIMEOUT_MS = 60_000;

describe('over TCP', () => {
  describePeers('tcp', {});
});
describeWithPeer(missingNixl())('over NIXL', () => {
  describePeers('nixl', ucxEnvironment());
});

function describePeers(transport: string, environment: Readonly<Record<string, string>>): void {
  const servers = new NixlServers();
  let owner: KvnestProcess;
  let reader: KvnestProcess;
  let here: KvnestClient;
  const value = kvNumbers(BYTES, 3);

  beforeAll(async () => {
    owner = await servers.start({ environment, tier: { role: 'sender', transport }, memory: '32MiB' });
    const tier = { role: 'receiver', transport, peers: [owner.tcpUrl], max_back_off_ms: 500 };
    reader = await servers.start({ environment, tier, memory: '32MiB' });
    here = await servers.client(reader);
    const there = await servers.client(owner);
    for (const key of ['int8', 'fp8', 'zstd']) await there.put(key, value);
  }, TIMEOUT_MS);
  afterAll(() => servers[Symbol.asyncDispose](), TIMEOUT_MS);

  it.each([
    ['int8', 0.008],
    ['fp8', 0.04],
  ])(
    'what %s has lost at a peer is known where it is read, and stays known',
    async (codec, max_error) => {
      await recode(owner, 'compress', { keys: [codec], codec, max_error, value_dtype: 'bfloat16' });
      const [first] = await here.getMany([codec]);
      expect(first?.loss).toBe(codec);
      const error = worstError(value, Buffer.from(first!.bytes));
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThanOrEqual(max_error);
      // From its own memory now, and over HTTP.
      const response = await fetch(`${reader.httpUrl}/v1/objects/${codec}`);
      expect(response.headers.get('x-kvnest-loss')).toBe(`${codec}; max_error=${max_error}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(first!.bytes)).toBe(true);
      const { peer_leases: leases = 0 } = await tcpDoorCounters(owner);
      expect(leases > 0).toBe(transport === 'nixl');
    },
    TIMEOUT_MS,
  );

  it('what a lossless codec has encoded at a peer is read as it was put', async () => {
    await recode(owner, 'compress', { keys: ['zstd'], codec: 'zstd' });
    const [got] = await here.getMany(['zstd']);
    expect(value.equals(got!.bytes)).toBe(true);
    expect(got).not.toHaveProperty('loss');
  });
}

async function recode({ httpUrl }: KvnestProcess, verb: string, body: object): Promise<void> {
  const started = await fetch(`${httpUrl}/v1/${verb}/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, tier: 'memory' }),
  });
  const { id } = (await started.json()) as { id: string };
  const job = async (): Promise<{ over: boolean; compressed: number }> =>
    (await (await fetch(`${httpUrl}/v1/jobs/${id}`)).json()) as { over: boolean; compressed: number };
  await expectEventually(async () => (await job()).over);
  expect(await job()).toMatchObject({ compressed: 1 });
}
