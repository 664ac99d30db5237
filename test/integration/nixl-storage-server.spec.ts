import { expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/client/connect.js';
import { KvnestProcess, runKvnest, writeConfig } from '../support/kvnest-process.js';
import { missingNixl, NIXL_LIBRARY } from '../support/nixl/nixl-wheel.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer } from '../support/peer.js';

const BYTES = Buffer.alloc(3 * 2 ** 20, 'kvnest');

describeWithPeer(missingNixl())('a server with a tier of type nixl_storage', () => {
  it('keeps chunks over a kill, and does not start without NIXL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-nixl-server-'));
    const directory = join(folder, 'files');
    try {
      const config = await writeConfig(folder, {
        doors: { http: { port: 0 }, resp: { port: 0 }, lm: false, nest: false, tcp: { port: 0 } },
        arena: { capacity: '64MiB' },
        tiers: [
          { name: 'files', type: 'nixl_storage', capacity: '32MiB', options: { nixl_path: directory } },
        ],
      });
      for (const isFirst of [true, false]) {
        await using server = await KvnestProcess.start(config, { env: { NIXL_CAPI_PATH: NIXL_LIBRARY } });
        await using client = await connect(server.tcpUrl);
        if (isFirst) await client.put('a-key', BYTES);
        expect(BYTES.equals((await client.get('a-key')) ?? Buffer.alloc(0))).toBe(true);
        await expectEventually(async () => (await readdir(directory)).join() === '1.chunk,lock');
        const { out } = await runKvnest(['status', '--url', server.httpUrl]);
        expect(out).toMatch(/^NIXL 1\.5\.1 +files +0 +0 \(0 B\) +0 \(0 B\) +up/m);
        const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
        expect(metrics).toContain('kvnest_agent_up{tier="files"} 1');
        expect(metrics).toContain('kvnest_agent_transfers{tier="files",state="in_flight"} 0');
        await server.kill();
      }
      const { code, err } = await runKvnest(['serve', '--config', config], {
        env: { NIXL_CAPI_PATH: join(folder, 'none.so') },
      });
      expect(code).not.toBe(0);
      expect(err).toContain("NIXL's plugin POSIX cannot be used");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
