import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';
import { SmallMount } from '../support/small-mount.js';

const MIB = 2 ** 20;

const key = ChunkKey.of('org/model@1@0@ab@half');
let root: string;
/** The directory of the store; not there yet. */
let path: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kvnest-fs-faults-'));
  path = join(root, 'shared');
});

afterEach(() => rmSync(root, { recursive: true }));

const sealed = (): string => `fs://${path}?layout=sealed`;
const temporaryFiles = (): string[] => readdirSync(join(path, '.kvnest-tmp'));
const onlyFile = (): string =>
  join(
    path,
    readdirSync(path).find((name) => name.endsWith('.kvc'))!,
  );

async function expectRead(world: RemoteWorld, key: ChunkKey, bytes: Buffer): Promise<void> {
  const read = await world.read(key);
  expectBytes(typeof read === 'string' ? read : read.bytes, bytes);
}

describe('a directory that fails', () => {
  it('is unreachable while it is gone, and works again when it is back', async () => {
    const world = await RemoteWorld.open(sealed());
    await world.put({ key });
    rmSync(path, { recursive: true });
    expect(await world.read(key)).toBe('miss');
    expect(await world.connector.exists(key)).toBe(false);
    const unreachable = { code: 'KV_REMOTE_UNREACHABLE', retryable: true };
    await expect(world.put({ key })).rejects.toMatchObject(unreachable);
    await expect(world.connector.ping()).rejects.toMatchObject(unreachable);
    await expect(world.connector.list('', 10)).rejects.toMatchObject(unreachable);
    mkdirSync(path);
    await world.connector.ping();
    expect(await world.put({ key, bytes: chunkBytes(70_000) })).toBe('stored');
    await expectRead(world, key, chunkBytes(70_000));
    expect(await world.close()).toBe(0);
  });

  it('is unreachable when a file is in its place', async () => {
    writeFileSync(path, '');
    const world = await RemoteWorld.create(sealed());
    await expect(world.connector.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
    rmSync(path);
    await world.connector.connect();
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    await expect(world.read(key)).rejects.toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
    await expect(world.put({ key })).rejects.toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
    expect(await world.close()).toBe(0);
  });

  it('does without its temporary directory being left alone', async () => {
    const world = await RemoteWorld.open(sealed());
    rmSync(join(path, '.kvnest-tmp'), { recursive: true });
    expect(await world.put({ key })).toBe('stored');
    expect(await world.close()).toBe(0);
  });

  it('keeps nothing older of a chunk whose put failed half way', async () => {
    const world = await RemoteWorld.open(sealed());
    await world.put({ key });
    rmSync(join(path, '.kvnest-tmp'), { recursive: true });
    writeFileSync(join(path, '.kvnest-tmp'), 'in the way');
    await expect(world.put({ key })).rejects.toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
    expect(await world.read(key)).toBe('miss');
    expect(await world.close()).toBe(0);
  });
});

describe('a file system that does not answer', () => {
  it('holds nobody who takes the call back, and leaves the other files alone', async () => {
    const world = await RemoteWorld.open(`fs://${path}?io_depth=2`);
    await world.put({ key, bytes: chunkBytes(50_000) });
    // To open a pipe takes until somebody opens its other end.
    const pipe = join(path, 'stuck.data');
    execFileSync('mkfifo', [pipe]);
    const abort = new AbortController();
    const stuck = world.connector.get(ChunkKey.of('stuck'), { signal: abort.signal });
    await expectRead(world, key, chunkBytes(50_000));
    abort.abort();
    await expect(stuck).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    await expectRead(world, key, chunkBytes(50_000));
    const closed = world.close();
    closeSync(openSync(pipe, 'w'));
    expect(await closed).toBe(0);
  });

  it('takes away or replaces nothing with a put that was taken back before', async () => {
    const world = await RemoteWorld.open(sealed());
    for (let round = 1; round <= 30; round++) {
      const abort = new AbortController();
      using chunk = world.chunk({ key, bytes: chunkBytes(12 * MIB, round) });
      const stuck = world.connector.put(chunk, { signal: abort.signal });
      await expectEventually(() => temporaryFiles().length === 1);
      abort.abort();
      await expect(stuck).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      const newer = chunkBytes(1_000, round);
      expect(await world.put({ key, bytes: newer })).toBe('stored');
      await expectEventually(() => temporaryFiles().length === 0);
      await expectRead(world, key, newer);
      expect(await world.connector.remove(key)).toBe(true);
    }
    expect(await world.close()).toBe(0);
  });

  it('gets no more calls than io_depth, and those that wait go when they are taken back', async () => {
    const world = await RemoteWorld.open(`fs://${path}?io_depth=1`);
    const pipe = join(path, 'stuck.data');
    execFileSync('mkfifo', [pipe]);
    const stuck = world.connector.get(ChunkKey.of('stuck'));
    const abort = new AbortController();
    {
      using chunk = world.chunk({ key });
      const waiting = world.connector.put(chunk, { signal: abort.signal });
      abort.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    }
    const later: string[] = [];
    const found = world.connector.exists(key).then(() => later.push('found'));
    for (let i = 0; i < 20; i++) await stat(path);
    expect(later).toEqual([]);
    closeSync(openSync(pipe, 'w'));
    expect(await stuck).toBe('miss');
    await found;
    expect(await world.read(key)).toBe('miss');
    expect(await world.close()).toBe(0);
  });
});

describe('a sealed file', () => {
  it.each([0, 10, 47, 60, 200, 30_000])('is corrupt when it ends after %i bytes', async (bytes) => {
    const world = await RemoteWorld.open(sealed());
    await world.put({ key, bytes: chunkBytes(40_000) });
    truncateSync(onlyFile(), bytes);
    expect(await world.read(key)).toBe('corrupt');
    expect(await world.put({ key, bytes: chunkBytes(40_000) })).toBe('stored');
    await expectRead(world, key, chunkBytes(40_000));
    expect(await world.close()).toBe(0);
  });

  it('is corrupt under the name of another', async () => {
    const world = await RemoteWorld.open(sealed());
    await world.put({ key });
    copyFileSync(onlyFile(), join(path, 'other.kvc'));
    expect(await world.read(ChunkKey.of('other'))).toBe('corrupt');
    expect(await world.close()).toBe(0);
  });

  it.each(['link', 'directory'])('is a miss when it is a %s', async (kind) => {
    const world = await RemoteWorld.open(`fs://${path}?save_chunk_meta=false`);
    await world.put({ key, bytes: chunkBytes(5_000) });
    const file = join(path, 'org-SEP-model@1@0@ab@half.data');
    rmSync(file);
    const outside = join(root, 'outside');
    writeFileSync(outside, 'what is not for everybody to read');
    if (kind === 'link') symlinkSync(outside, file);
    else mkdirSync(file);
    expect(await world.read(key)).toBe('miss');
    expect(await world.connector.exists(key)).toBe(false);
    if (kind === 'link') {
      expect(await world.put({ key, bytes: chunkBytes(5_000, 2) })).toBe('stored');
      await expectRead(world, key, chunkBytes(5_000, 2));
    }
    expect(readFileSync(outside, 'utf8')).toBe('what is not for everybody to read');
    expect(await world.close()).toBe(0);
  });

  it('is named after its chunk when it is listed, however long that name is', async () => {
    const world = await RemoteWorld.open(sealed());
    const keys = ['short', 'l'.repeat(300), 'l'.repeat(4096)].map((name) => ChunkKey.of(name));
    for (const each of keys) await world.put({ key: each });
    for (const name of ['note.txt', '%zz.kvc', '=0.kvc']) writeFileSync(join(path, name), 'not a chunk');
    const { keys: named } = await world.connector.list('', 100);
    expect(named.map(String).sort()).toEqual(keys.map(String).sort());
    expect(await world.connector.existsMany(keys, { withMetadata: true })).toEqual([false, false, false]);
    expect(await world.close()).toBe(0);
  });
});

describe('a listing', () => {
  it('starts over when its cursor is not known any more, so that nothing is left out', async () => {
    const world = await RemoteWorld.open(sealed());
    for (let i = 0; i < 30; i++) await world.put({ key: ChunkKey.of(`key-${i}`) });
    const first = await world.connector.list('', 10);
    for (let i = 0; i < 8; i++) await world.connector.list('', 1);
    const keys: string[] = [];
    let { cursor } = first;
    do {
      const page = await world.connector.list(cursor, 10);
      keys.push(...page.keys.map(String));
      ({ cursor } = page);
    } while (cursor !== '');
    expect(new Set(keys).size).toBe(30);
    expect(await world.close()).toBe(0);
  });
});

describeWithPeer(SmallMount.refused())('a file system of its own', () => {
  let mount: SmallMount;

  beforeEach(() => {
    mount = SmallMount.mount(path, '4m');
  });

  afterEach(() => mount.unmount());

  it('is busy while it is full, and keeps nothing older and nothing of what did not fit', async () => {
    const world = await RemoteWorld.open(sealed());
    const big = ChunkKey.of('big');
    expect(await world.put({ key: big, bytes: chunkBytes(2 * MIB) })).toBe('stored');
    expect(await world.put({ key, bytes: chunkBytes(MIB) })).toBe('stored');
    expect(await world.put({ key, bytes: chunkBytes(3 * MIB) })).toBe('busy');
    expect(await world.read(key)).toBe('miss');
    expect(temporaryFiles()).toEqual([]);
    await expectRead(world, big, chunkBytes(2 * MIB));
    expect(await world.connector.remove(big)).toBe(true);
    expect(await world.put({ key, bytes: chunkBytes(3 * MIB) })).toBe('stored');
    expect(await world.close()).toBe(0);
  });

  it('is refused when it can only be read', async () => {
    const world = await RemoteWorld.open(sealed());
    await world.put({ key, bytes: chunkBytes(1000) });
    mount.makeReadOnly();
    await expect(world.put({ key })).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    await expect(world.connector.remove(key)).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    await expect(world.connector.ping()).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    await expectRead(world, key, chunkBytes(1000));
    expect(await world.close()).toBe(0);
    const late = await RemoteWorld.create(sealed());
    await expect(late.connector.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    late.arena.close();
  });
});
