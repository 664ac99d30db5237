import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  FakeMooncakeLibrary,
  missingForLibrary,
} from '../../../test/support/mooncake/fake-mooncake-library.js';
import { describeWithPeer } from '../../../test/support/peer.js';

const ADDON = fileURLToPath(new URL('../../../native/build/Release/kvnest_native.node', import.meta.url));

/** Opens a store and asks something that is not answered as long as it is held. */
const ASK = `
  const { existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
  const { MooncakeStore } = require(addon);
  const hold = folder + '/get_size.hold';
  const called = (name) => existsSync(folder + '/log') && readFileSync(folder + '/log', 'utf8').includes(name);
  const asked = async () => {
    writeFileSync(hold, '');
    const settings = { library, hostname: 'h', metadataServer: folder, protocol: 'tcp', device: '', master: 'm:1', replicas: 1 };
    const store = new MooncakeStore(2, settings);
    await store.open();
    const answer = store.sizeOf('x');
    while (!called('get_size')) await new Promise(setImmediate);
    return { store, answer };
  };
`;
const MAIN = `const [, addon, library, folder] = process.argv; ${ASK}`;

describeWithPeer(missingForLibrary())("A call of Mooncake's library that does not end", () => {
  let library: FakeMooncakeLibrary;

  beforeAll(() => {
    library = new FakeMooncakeLibrary();
  });
  afterAll(() => library[Symbol.dispose]());

  function run(code: string): object {
    const { folder } = library.master();
    const args = ['--expose-gc', '-e', `${MAIN} ${code}`, ADDON, library.path, folder];
    const { status, signal, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { status, signal, stdout };
  }

  it('does not keep a process from ending', () => {
    expect(run('asked().then(() => process.exit(3));')).toEqual({ status: 3, signal: null, stdout: '' });
  });

  it('does no harm when it ends after the thread that called it', () => {
    const inWorker = `
      const { Worker } = require('node:worker_threads');
      const code = 'const { parentPort, workerData: [addon, library, folder] } = require("node:worker_threads");' +
        ${JSON.stringify(ASK)} + 'asked().then(() => parentPort.postMessage("asked"));';
      const worker = new Worker(code, { eval: true, workerData: [addon, library, folder] });
      worker.once('message', async () => {
        await worker.terminate();
        rmSync(hold);
        setTimeout(() => console.log('goes on'), 100);
      });`;
    expect(run(inWorker)).toEqual({ status: 0, signal: null, stdout: 'goes on\n' });
  });

  it('keeps what it needs from being collected, and the store ends by itself when nothing refers to it', () => {
    const forgotten = `
      (async () => {
        const { answer } = await asked();
        gc();
        rmSync(hold);
        console.log(JSON.stringify(await answer));
      })().then(async () => {
        while (!called('destroy')) { gc(); await new Promise(setImmediate); }
      });`;
    expect(run(forgotten)).toEqual({ status: 0, signal: null, stdout: '[-704]\n' });
  });
});
