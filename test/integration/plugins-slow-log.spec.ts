import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type PluginStatus } from '../../src/plugins/plugin-status.interface.js';
import { expectEventually } from '../support/eventually.js';
import { writeConfig } from '../support/kvnest-process.js';

const BIN = resolve(import.meta.dirname, '../../bin/kvnest.mjs');

it('a log that nobody reads costs a server no more than a bit of memory: lines of plugins are dropped until somebody does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-slow-log-'));
  const script = join(folder, 'chatty.sh');
  await writeFile(
    script,
    `#!/bin/sh\nfor i in $(seq 40); do head -c 1000000 /dev/zero | tr '\\0' x | fold -w 99; echo; sleep 0.1; done\nwhile :; do echo again; sleep 0.05; done\n`,
  );
  const config = await writeConfig(folder, {
    max_local_cpu_size: 0.0625,
    max_local_disk_size: 0,
    plugin_locations: [script],
    plugins: { max_output_per_second: '100MiB' },
  });
  const server = spawn(process.execPath, [BIN, 'serve', '--config', config], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [banner] = (await once(server.stdout, 'data')) as [Buffer];
    server.stdout.pause();
    const url = /http:\/\/\S+/.exec(banner.toString())?.[0] ?? '';
    const status = async (): Promise<PluginStatus> =>
      (await (await fetch(`${url}/v1/plugins/chatty.sh`)).json()) as PluginStatus;
    await expectEventually(async () => (await status()).droppedBytes > 4_000_000, 30_000);
    let read = '';
    server.stdout.on('data', (text: Buffer) => (read += text.toString())).resume();
    await expectEventually(() => read.includes('again'), 30_000);
    expect(await status()).toMatchObject({ state: 'running', restarts: 0 });
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
    await rm(folder, { recursive: true });
  }
});
