import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeRemoteConnectorContract } from '../../../test/contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../../../test/support/connector-from-url.js';
import { type ConnectorCapabilities } from '../remote-connector.interface.js';

let path: string;

interface Variant {
  readonly name: string;
  readonly capabilities: Pick<ConnectorCapabilities, 'metadata' | 'checksum'>;
  readonly url: (path: string) => string;
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'fs, as LMCache writes',
    capabilities: { metadata: 'lmcache', checksum: false },
    url: (at) => `fs://host:0${at}`,
  },
  {
    name: 'fs, as LMCache writes without metadata',
    capabilities: { metadata: 'none', checksum: false },
    url: (at) => `fs://${at}?save_chunk_meta=false`,
  },
  {
    name: 'fs, sealed, over three directories',
    capabilities: { metadata: 'any', checksum: true },
    url: (at) =>
      `fs://${at}/a, ${at}/b,${at}/c?layout=sealed&relative_tmp_dir=on/the/way&io_depth=1&fsync=true`,
  },
];

/** Every file of the store that holds a chunk. */
async function chunkFiles(): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.endsWith('.tmp'));
}

for (const { name, capabilities, url } of VARIANTS) {
  describeRemoteConnectorContract(name, {
    capabilities: {
      persistent: true,
      shared: true,
      retains: true,
      batch: false,
      list: true,
      remove: true,
      ttl: false,
      ...capabilities,
    },
    create: async (context) => {
      path = await mkdtemp(join(tmpdir(), 'kvnest-fs-'));
      return connectorFromUrl(url(path), context);
    },
    destroy: () => rm(path, { recursive: true }),
    damage: async () => {
      const [file] = await chunkFiles();
      const bytes = await readFile(file!);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      await writeFile(file!, bytes);
    },
  });
}
