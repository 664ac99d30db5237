import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeFrameHeader, FRAMES_CONTENT_TYPE } from '../../src/protocols/kvnest-frames/frame.js';
import { expectEventually } from '../support/eventually.js';
import { PluginWorld } from '../support/plugin-world.js';

const auth = { token: 'the token of the server' };

describe('examples/plugins', () => {
  it('metrics_report.py writes what the cache did to a file, and ends when it is told to', async () => {
    await using world = await PluginWorld.start({
      examples: ['metrics_report.py'],
      settings: {
        auth,
        runtime_plugin_extra_config: { report: { file: 'report.json', every_seconds: 0.1 } },
      },
    });
    await world.fetch('/v1/objects/a', { method: 'PUT', body: Buffer.alloc(1000) });
    for (const key of ['a', 'a', 'a', 'b']) await world.fetch(`/v1/objects/${key}`);
    const readReport = async (): Promise<{ readonly gets: number }> =>
      JSON.parse(await readFile(join(world.folder, 'report.json'), 'utf8')) as { readonly gets: number };
    await expectEventually(async () => (await readReport().catch(() => ({ gets: 0 }))).gets === 4);
    expect(await readReport()).toMatchObject({
      gets: 4,
      hit_rate: 0.75,
      stored: 1,
      refused: 0,
      received_bytes: 1000,
      sent_bytes: 3000,
      tiers: { memory: { used_bytes: expect.any(Number) } },
    });
    await world.fetch('/v1/plugins/metrics_report.py/stop', { method: 'POST' });
    expect(await world.plugin('metrics_report.py')).toMatchObject({
      state: 'stopped',
      lastExit: { code: 0 },
    });
  });

  it('all_health.sh says when the server is ready, beats, and ends with it', async () => {
    await using world = await PluginWorld.start({
      examples: ['all_health.sh'],
      settings: {
        auth,
        plugins: { scripts: { 'all_health.sh': { start_timeout_ms: 60_000, heartbeat_ms: 60_000 } } },
      },
      env: { HEALTH_EVERY_SECONDS: '0.1' },
    });
    await world.expectState('all_health.sh', { state: 'running', statusText: 'ready' });
    await world.expectLogged(/LOG.*all_health\.sh\] the server is ready, was unknown/);
    expect((await world.plugin('all_health.sh')).lastLines).toEqual(['the server is ready, was unknown']);
    await world.server.stop();
    expect(world.server.output).toContain('stops watching');
  });

  it('worker_0_warm.mjs brings chunks of a list of prompts from disk into memory, once', async () => {
    await using world = await PluginWorld.start({
      examples: ['worker_0_warm.mjs'],
      settings: {
        auth,
        tiers: [
          { type: 'memory', capacity: '32MiB' },
          { type: 'disk', capacity: '64MiB' },
        ],
        runtime_plugin_extra_config: { warm: { prompts: 'prompts.jsonl' } },
        plugins: { restart: 'never' },
      },
    });
    const name = 'worker_0_warm.mjs';
    // There is no list yet.
    await world.expectState(name, { state: 'failed' });
    const tokens = Array.from({ length: 512 }, (_, token) => token);
    await storePrefix(world, tokens);
    const prompt = JSON.stringify({ model: 'm', tokens });
    const gone = JSON.stringify({ model: 'm', tokens: [...tokens].reverse() });
    await writeFile(join(world.folder, 'prompts.jsonl'), `${prompt}\n\n${gone}\nnot json\n`);
    await world.restart();
    await world.expectState(name, { state: 'stopped' });
    const { lastLines } = await world.plugin(name);
    // What it says on stdout and on stderr comes by two ways.
    expect(lastLines).toContainEqual(expect.stringMatching(/^warm \{"prompts":2,"failed":1,"bytes":\d+\}$/));
    const { tiers } = (await (await world.fetch('/v1/status')).json()) as { tiers: unknown };
    expect(tiers).toMatchObject([{ name: 'memory', chunks: 2 }, { name: 'disk' }]);
  });

  it('scheduler_summary.py tells the scheduler what is in the cache, and nobody else', async () => {
    const settings = { auth, runtime_plugin_extra_config: { summary: { every_seconds: 0.1 } } };
    await using world = await PluginWorld.start({ examples: ['scheduler_summary.py'], settings });
    await world.fetch('/v1/objects/a', { method: 'PUT', body: Buffer.alloc(10) });
    await world.expectLogged(/ready: 0 hits, 0 misses; 1 chunks in memory/);
    expect(await world.plugin('scheduler_summary.py')).toMatchObject({ role: 'scheduler' });
    await world.server.stop();
    expect(world.server.output).toContain('the server ends');
    await using worker = await PluginWorld.start({
      examples: ['scheduler_summary.py'],
      settings: { ...settings, role: 'worker' },
    });
    expect(await (await worker.fetch('/v1/plugins')).json()).toEqual({ plugins: [] });
  });
});

/** Two chunks of 1000 bytes, in every tier when it returns. */
async function storePrefix(world: PluginWorld, tokens: readonly number[]): Promise<void> {
  const chunks = [0, 1].map((index) => ({ index, length: 1000 }));
  const header = encodeFrameHeader({ model: 'm', tokens, chunks, ack: 'all' });
  const response = await world.fetch('/v1/prefix/store', {
    method: 'POST',
    body: Buffer.concat([header, Buffer.alloc(2000)]),
    headers: { 'content-type': FRAMES_CONTENT_TYPE },
  });
  expect(await response.json()).toMatchObject({ chunks: [{ stored: true }, { stored: true }] });
}
