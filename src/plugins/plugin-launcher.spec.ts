import { describe, expect, it } from '@jest/globals';
import { testConfig } from '../../test/support/engine.js';
import { DoorRegistry } from '../modules/doors/door-registry.js';
import { DoorSecret } from '../modules/doors/door-secret.js';
import { PluginLauncher } from './plugin-launcher.js';
import { type SelectedScript } from './plugin-script.interface.js';
import {
  type OutputReaders,
  type StartSupervised,
  type SupervisedCommand,
} from './process/supervised-process.interface.js';

const READERS: OutputReaders = { stdout: () => undefined, stderr: () => undefined };
const TOKEN = 'the token of the server';

/** Nothing is started: what would be is kept. */
function launching(startProcess: StartSupervised): {
  readonly launcher: PluginLauncher;
  readonly secret: DoorSecret;
  readonly script: SelectedScript;
} {
  const config = testConfig({ auth: { token: TOKEN } });
  const secret = new DoorSecret(TOKEN);
  const env = { PATH: '/bin', KVNEST_AUTH_TOKEN: TOKEN, KVNEST_TOKEN: TOKEN };
  return {
    launcher: new PluginLauncher({ config, doors: new DoorRegistry(), secret, startProcess, env }),
    secret,
    script: {
      name: 'p.sh',
      path: '/p.sh',
      role: 'all',
      workerId: undefined,
      command: ['/bin/sh', '/p.sh'],
      runsAs: 'worker',
      policy: { ...config.plugins.defaults, nice: 7, memoryBytes: 2 ** 30 },
    },
  };
}

const tokenOf = (command: SupervisedCommand | undefined): string => command?.env['KVNEST_TOKEN'] ?? '';

describe('PluginLauncher', () => {
  it('starts each process where the server is, within its limits, with a token that counts until it is released', async () => {
    const started: SupervisedCommand[] = [];
    const { launcher, secret, script } = launching((command) => {
      started.push(command);
      return Promise.resolve({} as Awaited<ReturnType<StartSupervised>>);
    });
    const [first] = [await launcher.launch(script, READERS), await launcher.launch(script, READERS)];
    expect(started[0]).toMatchObject({
      command: ['/bin/sh', '/p.sh'],
      cwd: process.cwd(),
      nice: 7,
      memoryBytes: 2 ** 30,
      readers: READERS,
    });
    expect(Object.values(started[0]?.env ?? {})).not.toContain(TOKEN);
    const tokens = started.map(tokenOf);
    expect(new Set(tokens).size).toBe(2);
    first.release();
    expect(tokens.map((token) => secret.matches(token))).toEqual([false, true]);
  });

  it('takes the token back of a process that did not start', async () => {
    let token = '';
    const { launcher, secret, script } = launching((command) => {
      token = tokenOf(command);
      expect(secret.matches(token)).toBe(true);
      return Promise.reject(new Error('no'));
    });
    await expect(launcher.launch(script, READERS)).rejects.toThrow('no');
    expect(secret.matches(token)).toBe(false);
  });
});
