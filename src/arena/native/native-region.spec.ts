import { afterEach, expect, it } from '@jest/globals';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describeWithPeer } from '../../../test/support/peer.js';
import { createArena } from '../create-arena.js';
import { loadNative } from './load-native.js';
import { openNativeRegion } from './native-region.js';
import { removeDeadRegionFiles } from './region-files.js';

const MIB = 1024 * 1024;
const addonPath = fileURLToPath(new URL('../../../native/build/Release/kvnest_native.node', import.meta.url));
const { addon, reason } = loadNative();
const withAddon = describeWithPeer(reason);
const native = addon!;

const uniqueName = (): string => `spec-${process.pid}-${Math.random().toString(36).slice(2)}`;
const pathOf = (name: string): string => `/dev/shm/kvnest-${name}`;

/** Opens a named region as `openNativeRegion` does, in a process of its own. */
const OWNER = `
  const [, addonPath, path] = process.argv;
  const { openSync } = require('node:fs');
  const addon = require(addonPath);
  const fd = openSync(path, 'wx+');
  if (!addon.lockFile(fd)) throw new Error('not locked');
  globalThis.region = new addon.Region(fd, path, ${4 * MIB}, ${4 * MIB});
`;

const run = (code: string, ...args: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, ['--expose-gc', '-e', code, addonPath, ...args], { encoding: 'utf8' });

withAddon('openNativeRegion', () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

  it('shares a named region as a file of its size and removes it on close', () => {
    const name = uniqueName();
    const region = openNativeRegion(native, 2 * MIB, name);
    Buffer.from(region.buffer).write('seen by others', 4096);
    expect(region).toMatchObject({ native: true, name: `kvnest-${name}` });
    expect(statSync(pathOf(name)).size).toBe(2 * MIB);
    expect(readFileSync(pathOf(name)).toString('latin1', 4096, 4110)).toBe('seen by others');
    region.close();
    expect(existsSync(pathOf(name))).toBe(false);
    expect(region.buffer.byteLength).toBe(0);
  });

  it('refuses a name that is taken, and one that is none', () => {
    const name = uniqueName();
    const region = openNativeRegion(native, 2 * MIB, name);
    const nameError = expect.objectContaining({ code: 'KV_ARENA_NAME' });
    expect(() => openNativeRegion(native, 2 * MIB, name)).toThrow(nameError);
    expect(existsSync(pathOf(name))).toBe(true);
    region.close();
    for (const bad of ['', '../x', 'a/b', 'x'.repeat(65)]) {
      expect(() => openNativeRegion(native, 2 * MIB, bad)).toThrow(nameError);
    }
  });

  it('refuses at once what the machine does not have, and leaves nothing behind', () => {
    const name = uniqueName();
    const noShm = expect.objectContaining({
      code: 'KV_ARENA_NO_SHM',
      remedy: expect.stringContaining('--shm-size'),
    });
    expect(() => createArena({ capacityBytes: 2 ** 50, name })).toThrow(noShm);
    const failed = new native.Region(openSync('/dev/null', 'r+'), '', 2 * MIB, 0);
    expect(failed.error?.call).toBe('fallocate');
    expect(existsSync(pathOf(name))).toBe(false);
  });

  it('needs no /dev/shm for a region without a name', () => {
    expect(removeDeadRegionFiles(native.lockFile, '/nonexistent')).toEqual([]);
  });

  it('removes what a killed owner left, and nothing of a living one', async () => {
    const name = uniqueName();
    const ready = `${OWNER} process.send('ready'); setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['-e', ready, addonPath, pathOf(name)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(owner);
    await once(owner, 'message');
    expect(removeDeadRegionFiles(native.lockFile)).not.toContain(pathOf(name));
    expect(existsSync(pathOf(name))).toBe(true);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    openNativeRegion(native, 2 * MIB).close();
    expect(existsSync(pathOf(name))).toBe(false);
  });

  it.each(['process.exit(7)', 'process.exitCode = 7'])('leaves no file behind after %s', (end) => {
    const path = pathOf(uniqueName());
    expect(run(`${OWNER} ${end}`, path).status).toBe(7);
    expect(existsSync(path)).toBe(false);
  });

  it('lies in huge pages where the system has them, and is no memory of child processes', () => {
    const region = openNativeRegion(native, 37 * MIB);
    const flags = readFileSync('/proc/self/smaps', 'latin1')
      .split(/^(?=[0-9a-f]+-)/m)
      .find((mapping) => /^Size: +37888 kB$/m.test(mapping) && mapping.includes('VmFlags'))
      ?.match(/^VmFlags: (.*)$/m)?.[1];
    expect(flags?.split(' ')).toEqual(expect.arrayContaining(['hg', 'dc']));
    region.close();
  });

  it('may end while memory is still being faulted in', () => {
    const code = `const addon = require(process.argv[1]); new addon.Region(-1, '', ${256 * MIB}, 0);`;
    expect(run(code)).toMatchObject({ status: 0, signal: null });
    expect(run(`${code} process.exit(3)`)).toMatchObject({ status: 3, signal: null });
    expect(run(`${code.replace('new addon', 'const region = new addon')} region.close();`).status).toBe(0);
  });

  it('faults in the rest on a thread', async () => {
    const region = new native.Region(-1, '', 64 * MIB, MIB);
    if (region.error !== undefined) throw new Error(region.error.call);
    expect(region.faultedBytes).toBeGreaterThanOrEqual(MIB);
    while (region.faultedBytes < 64 * MIB) await new Promise(setImmediate);
    region.close();
    region.close();
  });

  it('is unmapped when nothing refers to it any more, and not before', () => {
    const result = run(`
      const { readFileSync } = require('node:fs');
      const addon = require(process.argv[1]);
      const bytes = ${37 * MIB + 4096};
      const isRegion = (line) => {
        const [from, to] = line.split(' ', 1)[0].split('-').map((address) => parseInt(address, 16));
        return to - from === bytes;
      };
      const mapped = () => readFileSync('/proc/self/maps', 'latin1').split('\\n').some(isRegion);
      const settle = async () => { for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); } };
      let view = (() => Buffer.from(new addon.Region(-1, '', bytes, bytes).buffer, 4096, 10))();
      (async () => {
        await settle();
        view.write('alive');
        if (!mapped()) process.exit(1);
        view = undefined;
        await settle();
        process.exit(mapped() ? 2 : 0);
      })();
    `);
    expect(result).toMatchObject({ status: 0, signal: null });
  });

  it('does no harm in worker threads that load the addon and end', async () => {
    const code = `
      const { workerData } = require('node:worker_threads');
      const addon = require(workerData);
      const region = new addon.Region(-1, '', ${64 * MIB}, 0);
      globalThis.view = Buffer.from(region.buffer, 4096, 4096).fill(1);
      addon.crc32c(globalThis.view, 0);
    `;
    for (const last of ['', 'region.close();', 'process.exit(0);']) {
      const worker = new Worker(`${code} ${last}`, { eval: true, workerData: addonPath });
      expect(await once(worker, 'exit')).toEqual([0]);
    }
    expect(native.crc32c(Buffer.from('123456789'), 0)).toBe(0xe3069283);
  });

  it('survives the termination of a worker thread at any moment', async () => {
    const code = `
      const { workerData } = require('node:worker_threads');
      const addon = require(workerData);
      for (;;) new addon.Region(-1, '', ${MIB}, ${MIB}).close();
    `;
    for (let i = 0; i < 12; i++) {
      const worker = new Worker(code, { eval: true, workerData: addonPath });
      await once(worker, 'online');
      for (let turn = 0; turn < i * 50; turn++) await new Promise(setImmediate);
      expect(await worker.terminate()).toBe(1);
    }
  });
});
