import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describeWithPeer } from '../../../test/support/peer.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { crc32c } from '../../common/crc32c.js';
import { shuffleBytes } from '../../protocols/encoded-chunk/byte-shuffle.js';
import { loadNative } from './load-native.js';
import { type NativeAddon } from './native.types.js';
import { NativeNumbers, NativeValues } from './native-blocks.types.js';

const { addon, reason } = loadNative();
const ADDON = fileURLToPath(new URL('../../../native/build/Release/kvnest_native.node', import.meta.url));
const MIB = 2 ** 20;

describeWithPeer(reason)('work on blocks on threads', () => {
  const native = addon as NativeAddon;

  it.each([1, 2, 3, 4, 8, 64])(
    'shuffles elements of %i as the event loop does, of any length and place',
    async (elementBytes) => {
      const random = new SeededRandom(elementBytes);
      for (const length of [0, 1, 63, 64, 1001, 70_003]) {
        for (const [from, to] of [
          [0, 0],
          [1, 0],
          [3, 2],
        ] as const) {
          const source = random.bytes(length + from).subarray(from);
          const expected = Buffer.alloc(length);
          shuffleBytes(source, expected, elementBytes);
          const shuffled = Buffer.alloc(length + to).subarray(to);
          await native.blocks.shuffle(source, shuffled, elementBytes);
          expect(shuffled.equals(expected)).toBe(true);
          const back = Buffer.alloc(length + from).subarray(from);
          expect(await native.blocks.unshuffle(shuffled, back, elementBytes)).toBe(crc32c(source));
          expect(back.equals(source)).toBe(true);
        }
      }
    },
  );

  it('may go on when the region it reads and writes is closed', async () => {
    for (let round = 0; round < 20; round++) {
      const region = new native.Region(-1, '', 64 * MIB, 64 * MIB);
      if (region.error !== undefined) throw new Error(region.error.call);
      const { encode } = native.blocks.scaled;
      const works = Array.from({ length: 8 }, (_, i) => {
        const values = Buffer.from(region.buffer, 8 * i * MIB, 4 * MIB);
        return encode(
          NativeNumbers.Fp8,
          NativeValues.Float32,
          values,
          Buffer.from(region.buffer, (8 * i + 4) * MIB, 2 * MIB),
        );
      });
      region.close();
      expect(region.buffer.byteLength).toBe(0);
      // All of them zeros.
      expect(new Set(await Promise.all(works))).toEqual(new Set([crc32c(Buffer.alloc(4 * MIB))]));
    }
  });

  it('unmaps the region when it is done, and keeps what it needs from being collected', () => {
    const script = `
      const { readFileSync } = require('node:fs');
      const addon = require(process.argv[1]);
      const bytes = ${37 * MIB + 4096};
      const isMapped = () => readFileSync('/proc/self/maps', 'latin1').split('\\n').some((line) => {
        const [from, to] = line.split(' ', 1)[0].split('-').map((address) => parseInt(address, 16));
        return to - from === bytes;
      });
      const work = (() => {
        const region = new addon.Region(-1, '', bytes, bytes);
        const [from, to] = [0, ${18 * MIB}].map((at) => Buffer.from(region.buffer, at, ${16 * MIB}));
        return Promise.all([
          addon.blocks.shuffle(from, to, 64).then(() => region.close()),
          addon.blocks.unshuffle(Buffer.alloc(${MIB}, 1), Buffer.allocUnsafeSlow(${MIB}), 2),
        ]);
      })();
      gc();
      (async () => {
        const [, checksum] = await work;
        await new Promise(setImmediate);
        console.log(checksum, isMapped());
      })();
    `;
    const { status, signal, stdout } = spawnSync(process.execPath, ['--expose-gc', '-e', script, ADDON], {
      encoding: 'utf8',
    });
    const expected = `${crc32c(Buffer.alloc(MIB, 1))} false\n`;
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: expected });
  });

  it('does no harm in a worker thread that is terminated meanwhile', async () => {
    const code = `
      const { workerData } = require('node:worker_threads');
      const { blocks, Region } = require(workerData);
      (async () => {
        for (;;) {
          const region = new Region(-1, '', ${MIB}, ${MIB});
          const views = [0, ${MIB / 2}].map((at) => Buffer.from(region.buffer, at, ${MIB / 2}));
          const works = Array.from({ length: 6 }, () => blocks.shuffle(...views, 3));
          region.close();
          await works[0];
        }
      })();
    `;
    for (let i = 0; i < 10; i++) {
      const worker = new Worker(code, { eval: true, workerData: ADDON });
      await once(worker, 'online');
      for (let turn = 0; turn < i * 30; turn++) await new Promise(setImmediate);
      expect(await worker.terminate()).toBe(1);
    }
  });

  it('does not outlive a process that exits', () => {
    const script = `
      const { blocks, Region } = require(process.argv[1]);
      const region = new Region(-1, '', ${64 * MIB}, 0);
      const views = [0, ${32 * MIB}].map((at) => Buffer.from(region.buffer, at, ${32 * MIB}));
      for (let i = 0; i < 8; i++) void blocks.unshuffle(...views, 3);
      setImmediate(() => process.exit(3));
    `;
    expect(spawnSync(process.execPath, ['-e', script, ADDON])).toMatchObject({ status: 3, signal: null });
  });
});
