import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { PLUGIN_EVENTS, type PluginEvents } from '../../src/plugins/plugin-event.interface.js';
import { PLUGIN_MANAGER, type PluginManager } from '../../src/plugins/plugin-manager.js';
import { startServer } from '../../src/main.js';
import { testConfig } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';

it('other modules may follow what happens to plugins, to the end of the server, without an HTTP door', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-plugin-events-'));
  const file = join(folder, 'once.sh');
  await writeFile(file, 'echo once\n');
  const config = testConfig({
    tiers: [{ name: 'memory', type: 'memory', capacityBytes: 2 ** 20, policy: 'LRU', options: {} }],
    logLevel: 'error',
  });
  const plugins = {
    ...config.plugins,
    locations: [file],
    defaults: {
      ...config.plugins.defaults,
      restart: 'always',
      backoffMs: 3_600_000,
      backoffMaxMs: 3_600_000,
    } as const,
  };
  const app = await startServer({ ...config, plugins });
  const events = lastValueFrom(app.get<PluginEvents>(PLUGIN_EVENTS).pipe(toArray()));
  const manager = app.get<PluginManager>(PLUGIN_MANAGER);
  await expectEventually(() => manager.status()[0]?.state === 'backing-off');
  await app.close();
  expect((await events).map(({ plugin, type }) => `${plugin} ${type}`)).toEqual(
    ['started', 'ready', 'exited', 'restarting', 'stopped'].map((type) => `once.sh ${type}`),
  );
  await expect(manager.command('once.sh', 'start')).rejects.toMatchObject({ code: 'KV_PLUGIN_SHUTDOWN' });
  await rm(folder, { recursive: true });
});
