import { describe, expect, it, jest } from '@jest/globals';
import { resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import { startSupervised } from './start-supervised.js';
import { findSupervisor, lookForSupervisor } from './supervisor-program.js';

describe('lookForSupervisor', () => {
  it('gives a program that can be run, or the reason why there is none', () => {
    expect(lookForSupervisor({}, process.execPath)).toEqual({ path: process.execPath });
    const missing = lookForSupervisor({}, '/no/such/program');
    expect(missing).toEqual({
      reason: expect.stringContaining(`node ${resolve('scripts/build-native.mjs')}`),
    });
    const unusable = lookForSupervisor({}, import.meta.filename);
    expect(unusable).toEqual({ reason: expect.stringContaining('EACCES') });
    const off = lookForSupervisor({ KVNEST_NATIVE: '0' }, process.execPath);
    expect(off).toEqual({ reason: expect.stringContaining('KVNEST_NATIVE=0') });
  });
});

describe('startSupervised', () => {
  it('says once what is missing without the supervisor, and tells each process apart', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const command = { command: ['true'] as const, cwd: '/', env: { PATH: process.env['PATH'] ?? '' } };
    const expected = findSupervisor().path !== undefined;
    for (let i = 0; i < 2; i++) {
      const { supervised, exited, stdout, stderr } = await startSupervised(command);
      stdout.resume();
      stderr.resume();
      await expect(exited).resolves.toEqual({ code: 0, signal: undefined });
      expect(supervised).toBe(expected);
    }
    expect(warn).toHaveBeenCalledTimes(expected ? 0 : 1);
  });
});
