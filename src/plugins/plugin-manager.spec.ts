import { PassThrough } from 'node:stream';
import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import { testConfig } from '../../test/support/engine.js';
import { systemClock } from '../common/clock.js';
import { type LaunchedProcess } from './life/plugin-process.js';
import { type PluginLauncher } from './plugin-launcher.js';
import { PluginManager } from './plugin-manager.js';
import { type ProcessExit } from './process/supervised-process.interface.js';

/** No real process can be made that survives SIGKILL. */
it('PluginManager waits for nobody who does not die', async () => {
  const never = new Promise<ProcessExit>(() => undefined);
  const graces: number[] = [];
  const process: LaunchedProcess['process'] = {
    pid: 1,
    supervised: true,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    exited: never,
    stop: (graceMs) => {
      graces.push(graceMs);
      return never;
    },
  };
  let isClosed = false;
  const launcher: Pick<PluginLauncher, 'launch' | 'close'> = {
    launch: () => Promise.resolve({ process, release: () => undefined }),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
  const manager = new PluginManager({
    plugins: {
      scripts: [
        {
          name: 'p.sh',
          path: '/p.sh',
          role: 'all',
          workerId: undefined,
          command: ['/p.sh'],
          runsAs: 'worker',
          policy: { ...testConfig().plugins.defaults, stopTimeoutMs: 20 },
        },
      ],
      skipped: [],
      warnings: [],
    },
    launcher: launcher as PluginLauncher,
    clock: systemClock,
    random: Math.random,
  });
  jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  const end = lastValueFrom(manager.events);
  manager.start();
  await manager.command('p.sh', 'start');
  await manager.onApplicationShutdown();
  expect(graces).toEqual([20]);
  expect(manager.status()).toMatchObject([{ state: 'stopping', pid: 1 }]);
  expect(isClosed).toBe(true);
  await expect(end).resolves.toMatchObject({ plugin: 'p.sh', type: 'ready' });
});
