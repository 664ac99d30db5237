import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { binaryMetadata, encodeRemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { RemoteWorld } from '../support/remote-world.js';

interface WrittenFiles {
  readonly what: string;
  readonly extra_config: {
    readonly save_chunk_meta?: boolean;
    readonly fs_connector_relative_tmp_dir?: string;
  };
  readonly directories: readonly string[];
  readonly puts: readonly { readonly key: string; readonly bytes: string }[];
  readonly files: readonly { readonly file: string; readonly hex: string }[];
}

const VECTORS = new URL('../vectors/lmcache-fs-files.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { readonly cases: readonly WrittenFiles[] };

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'kvnest-fs-lmcache-'));
});

afterEach(() => rmSync(path, { recursive: true }));

function open({ directories, extra_config: extraConfig }: WrittenFiles): Promise<RemoteWorld> {
  const paths = directories.map((directory) => join(path, directory)).join(',');
  return RemoteWorld.open(`fs://host:0${paths}`, { extraConfig });
}

/** What the file of this chunk holds in front of its bytes. */
function metadataOf(
  { files }: WrittenFiles,
  { key, bytes }: { readonly key: string; readonly bytes: string },
): Buffer {
  const { hex } = files.find(({ file }) => file.endsWith(`/${key.replaceAll('/', '-SEP-')}.data`))!;
  expect(hex.endsWith(bytes)).toBe(true);
  return Buffer.from(hex.slice(0, hex.length - bytes.length), 'hex');
}

function filesBelow(root: string): { readonly file: string; readonly hex: string }[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file: file.slice(root.length + 1), hex: readFileSync(file, 'hex') }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

describe.each(cases)('the files of LMCache 0.5.6, $what', (written) => {
  it('are written, byte by byte and by the same names', async () => {
    const world = await open(written);
    for (const put of written.puts) {
      const metadata = metadataOf(written, put);
      const spec = { key: ChunkKey.of(put.key), bytes: Buffer.from(put.bytes, 'hex'), metadata };
      expect(await world.put(spec)).toBe('stored');
    }
    expect(filesBelow(path)).toEqual(written.files);
    expect(await world.close()).toBe(0);
  });

  it('are found, read, named and removed', async () => {
    for (const directory of written.directories) mkdirSync(join(path, directory));
    for (const { file, hex } of written.files) writeFileSync(join(path, file), hex, 'hex');
    const world = await open(written);
    const keys = written.puts.map(({ key }) => ChunkKey.of(key));
    expect(await world.connector.existsMany(keys)).toEqual(keys.map(() => true));
    for (const put of written.puts) {
      expect(await world.read(ChunkKey.of(put.key))).toEqual({
        bytes: Buffer.from(put.bytes, 'hex'),
        metadata: metadataOf(written, put),
      });
    }
    const { keys: named } = await world.connector.list('', 100);
    expect(named.map(String).sort()).toEqual(written.puts.map(({ key }) => key).sort());
    expect(await world.connector.removeMany(keys)).toEqual(keys.map(() => true));
    expect(filesBelow(path)).toEqual([]);
    expect(await world.close()).toBe(0);
  });
});

describe('the layout of LMCache', () => {
  const written = cases[0]!;
  const key = ChunkKey.of(written.puts[0]!.key);
  const file = (): string => join(path, written.files[0]!.file);

  it.each([
    ['empty', 0],
    ['shorter than the metadata', 27],
    ['the metadata alone', 28],
    ['a byte short', -1],
  ])('knows a file that is %s as corrupt', async (_, end) => {
    const world = await open(written);
    writeFileSync(file(), Buffer.from(written.files[0]!.hex, 'hex').subarray(0, end));
    expect(await world.read(key)).toBe('corrupt');
    expect(await world.close()).toBe(0);
  });

  it('gives the metadata of plain bytes to a chunk whose own is not about its bytes', async () => {
    const world = await open(written);
    const metadata = metadataOf(written, written.puts[0]!);
    const bytes = chunkBytes(65);
    for (const wrong of [metadata, Buffer.from('other')]) {
      expect(await world.put({ key, bytes, metadata: wrong })).toBe('stored');
      expect(await world.read(key)).toEqual({ bytes, metadata: encodeRemoteMetadata(binaryMetadata(65)) });
    }
    expect(await world.close()).toBe(0);
  });

  it('has no file for a key that could be taken for another', async () => {
    const world = await open(written);
    await world.put({ key: ChunkKey.of('a/b') });
    for (const name of ['a-SEP-b', 'a-SEP/-b', 'k'.repeat(251), '/'.repeat(60)]) {
      const odd = ChunkKey.of(name);
      expect(await world.put({ key: odd })).toBe('rejected');
      expect(await world.read(odd)).toBe('miss');
      expect(await world.connector.exists(odd)).toBe(false);
      expect(await world.connector.remove(odd)).toBe(false);
    }
    expect(readdirSync(join(path, 'a')).filter((name) => name.endsWith('.data'))).toEqual(['a-SEP-b.data']);
    expect(await world.close()).toBe(0);
  });
});
