import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describeWithPeer } from '../../../test/support/peer.js';
import { lockFile } from './file-lock.js';
import { loadNative, readNative } from './load-native.js';
import { createPipe } from './pipe.js';
import { tuneSocket } from './socket-buffers.js';
import { acknowledgeNow, canAcknowledgeNow } from './acknowledge-now.js';

const withAddon = describeWithPeer(loadNative().reason);

function withFile(use: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'kvnest-native-'));
  use(join(directory, 'file'));
  rmSync(directory, { recursive: true });
}

describe('loadNative', () => {
  it('gives the addon or the reason why there is none, the same every time', () => {
    const loaded = loadNative();
    expect((loaded.addon === undefined) === (loaded.reason === undefined)).toBe(false);
    expect(loadNative()).toBe(loaded);
  });

  it('can be switched off', () => {
    expect(readNative({ KVNEST_NATIVE: '0' })).toEqual({ reason: expect.stringContaining('KVNEST_NATIVE') });
    expect(readNative({ KVNEST_NATIVE: '1' }).addon).toBe(loadNative().addon);
  });
});

withAddon('lockFile', () => {
  it('locks a file for one descriptor at a time', () => {
    withFile((path) => {
      const [first, second] = [openSync(path, 'a'), openSync(path, 'a')];
      expect([lockFile(first), lockFile(second), lockFile(first)]).toEqual([true, false, true]);
      closeSync(first);
      expect(lockFile(second)).toBe(true);
      closeSync(second);
    });
  });
});

withAddon('exitNow', () => {
  it('ends the process with its code, and runs nothing more', () => {
    const addon = resolve(import.meta.dirname, '../../../native/build/Release/kvnest_native.node');
    const script = `process.on('exit', () => console.log('late')); require(${JSON.stringify(addon)}).exitNow(7)`;
    expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toMatchObject({
      status: 7,
      stdout: '',
    });
  });
});

withAddon('createPipe', () => {
  it('gives both ends of a pipe that no child inherits', () => {
    const { readFd, writeFd } = createPipe()!;
    writeSync(writeFd, 'through');
    closeSync(writeFd);
    expect(readFileSync(readFd, 'utf8')).toBe('through');
    const flags = readFileSync(`/proc/self/fdinfo/${readFd}`, 'utf8');
    // O_CLOEXEC, in octal.
    expect(Number.parseInt(/flags:\s+(\d+)/.exec(flags)?.[1] ?? '', 8) & 0o2000000).toBe(0o2000000);
    closeSync(readFd);
  });
});

withAddon('tuneSocket', () => {
  it('sizes the buffers of a connection', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const { fd } = (accepted as unknown as { _handle: { fd: number } })._handle;
    expect([tuneSocket(fd, 1 << 20, 1 << 20), tuneSocket(fd, 0, 0)]).toEqual([true, true]);
    for (const socket of [client, accepted]) socket.destroy();
    server.close();
  });

  it('refuses what is no socket', () => {
    withFile((path) => {
      const fd = openSync(path, 'w');
      expect([tuneSocket(fd, 1 << 20, 0), tuneSocket(fd, 0, 1 << 20), tuneSocket(-1, 0, 0)]).toEqual(
        new Array(3).fill(false),
      );
      closeSync(fd);
    });
  });
});

withAddon('acknowledgeNow', () => {
  it('is for connections, and for nothing else', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    await once(client, 'connect');
    expect(acknowledgeNow(client)).toBe(canAcknowledgeNow());
    client.destroy();
    expect(acknowledgeNow(client)).toBe(false);
    server.close();
  });
});
