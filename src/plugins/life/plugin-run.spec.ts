import { PassThrough } from 'node:stream';
import { expect, it } from '@jest/globals';
import { testConfig } from '../../../test/support/engine.js';
import { expectEventually } from '../../../test/support/eventually.js';
import { systemClock } from '../../common/clock.js';
import { ReadPacer } from '../output/read-pacer.js';
import { type ProcessExit } from '../process/supervised-process.interface.js';
import { PluginRun } from './plugin-run.js';

const MIB = 2 ** 20;

/** What a process prints is not paced by any clock: here it is what the test says, all at once. */
it('PluginRun reads on in the next slice when this one is spent', async () => {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const exit = Promise.withResolvers<ProcessExit>();
  const run = new PluginRun({
    policy: testConfig().plugins.defaults,
    listener: {
      ready: () => undefined,
      statusText: () => undefined,
      line: () => undefined,
      dropped: () => undefined,
    },
    clock: systemClock,
    pacer: new ReadPacer(),
  });
  const readers = run.createReaders();
  const stop = (): Promise<ProcessExit> => exit.promise;
  const ended = run.untilEnd({ pid: 1, supervised: true, exited: exit.promise, stop, ...streams });
  const paused = (): boolean[] => [streams.stdout.isPaused(), streams.stderr.isPaused()];
  readers.stdout(Buffer.alloc(MIB, 'x'));
  expect(paused()).toEqual([false, false]);
  readers.stderr(Buffer.alloc(MIB, 'x'));
  expect(paused()).toEqual([true, true]);
  await expectEventually(() => paused().join() === 'false,false');
  streams.stdout.end();
  streams.stderr.end();
  exit.resolve({ code: 0, signal: undefined });
  await expect(ended).resolves.toEqual({ exit: { code: 0, signal: undefined }, fault: undefined });
});
