import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { versionBytes } from '../support/disk-world.js';
import { expectEventually } from '../support/eventually.js';
import { RemoteWorld } from '../support/remote-world.js';

const MIB = 2 ** 20;
const SUPPORT = join(import.meta.dirname, '../support');
const HOUR_MS = 3_600_000;

const key = ChunkKey.of('org/model@1@0@ab@half');
let root: string;
/** The directory of the store; not there yet. */
let path: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kvnest-fs-writers-'));
  path = join(root, 'shared');
});

afterEach(() => rmSync(root, { recursive: true }));

const sealed = (): string => `fs://${path}?layout=sealed`;
const temporaryFiles = (): string[] => readdirSync(join(path, '.kvnest-tmp'));

/** A process that writes. The promise is kept when it has written once. */
function startWriter(
  seed: number,
  lengthBytes: number,
): { readonly writer: ChildProcess; readonly wrote: Promise<void> } {
  const args = ['--import', join(SUPPORT, 'typescript-hooks.mjs'), join(SUPPORT, 'fs-writer.ts')];
  const writer = spawn(
    process.execPath,
    [...args, sealed(), key.toString(), String(lengthBytes), String(seed)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const wrote = new Promise<void>((resolve, reject) => {
    writer.stdout.once('data', () => resolve());
    writer.once('exit', () => reject(new Error('the writer ended')));
  });
  return { writer, wrote };
}

async function kill(writer: ChildProcess): Promise<void> {
  if (writer.exitCode !== null || writer.signalCode !== null) return;
  writer.kill('SIGKILL');
  await once(writer, 'exit');
}

/** @returns the version, when these are all the bytes of one. */
function versionOf(read: { readonly bytes: Buffer; readonly metadata: Buffer } | string): number {
  if (typeof read === 'string') throw new Error(`a ${read} instead of a chunk`);
  const version = Number(read.metadata.toString());
  expect(versionBytes(version, read.bytes.length).equals(read.bytes)).toBe(true);
  return version;
}

describe('writers into a shared directory', () => {
  it('leave no part of a chunk in sight when they are killed', async () => {
    const lengthBytes = 8 * MIB;
    mkdirSync(path);
    for (let seed = 1; seed <= 3; seed++) {
      const { writer, wrote } = startWriter(seed, lengthBytes);
      try {
        await wrote;
        const isWriting = (): boolean =>
          temporaryFiles().some(
            (name) => (statSync(join(path, '.kvnest-tmp', name), { throwIfNoEntry: false })?.size ?? 0) > 0,
          );
        await expectEventually(isWriting);
      } finally {
        await kill(writer);
      }
      const world = await RemoteWorld.open(sealed());
      expect(Math.floor(versionOf(await world.read(key)) / 1_000_000)).toBe(seed);
      expect(await world.close()).toBe(0);
    }
  });

  it('are swept after when they are dead, and not while they may be alive', async () => {
    const first = await RemoteWorld.open(sealed());
    for (const name of ['.kvnest-0011-1.tmp', '.kvnest-0011-2.tmp', 'of-somebody-else.tmp'])
      writeFileSync(join(path, '.kvnest-tmp', name), 'half');
    const [now, old] = [first.clock.nowMs() / 1000, (first.clock.nowMs() - 2 * HOUR_MS) / 1000];
    utimesSync(join(path, '.kvnest-tmp', '.kvnest-0011-1.tmp'), now, now);
    utimesSync(join(path, '.kvnest-tmp', '.kvnest-0011-2.tmp'), old, old);
    utimesSync(join(path, '.kvnest-tmp', 'of-somebody-else.tmp'), old, old);
    await first.close();
    const second = await RemoteWorld.open(sealed());
    expect(temporaryFiles().sort()).toEqual(['.kvnest-0011-1.tmp', 'of-somebody-else.tmp']);
    await second.close();
  });

  it('of two processes never mix their bytes under one key', async () => {
    const writers = [startWriter(1, 3 * MIB), startWriter(2, 3 * MIB)];
    try {
      await Promise.all(writers.map(({ wrote }) => wrote));
      const world = await RemoteWorld.open(sealed());
      const seen = new Set<number>();
      await expectEventually(async () => {
        seen.add(Math.floor(versionOf(await world.read(key)) / 1_000_000));
        return seen.size === 2;
      }, 20_000);
      for (let i = 0; i < 50; i++) versionOf(await world.read(key));
      expect(await world.close()).toBe(0);
    } finally {
      for (const { writer } of writers) await kill(writer);
    }
  });
});
