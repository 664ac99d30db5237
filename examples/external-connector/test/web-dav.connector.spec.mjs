import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adaptPlainConnector } from 'kvnest';
import { describeRemoteConnectorContract } from 'kvnest/testing';
import { WebDavConnector } from '../dist/index.js';
import { startNginx } from './nginx.mjs';

let nginx;

describeRemoteConnectorContract('WebDAV', {
  capabilities: {
    persistent: true,
    shared: true,
    retains: true,
    batch: false,
    list: true,
    remove: true,
    ttl: false,
    metadata: 'any',
    checksum: true,
  },
  create: async ({ arena, space }) => {
    nginx = await startNginx();
    const { hostname, port } = new URL(nginx.url);
    const url = { hosts: [{ host: hostname, port: Number(port) }], path: '/', parameters: new Map() };
    return adaptPlainConnector(new WebDavConnector({ url }), { arena, space, label: nginx.url });
  },
  destroy: () => nginx.stop(),
  damage: async () => {
    for (const name of await readdir(nginx.folder)) {
      const file = join(nginx.folder, name);
      const bytes = await readFile(file);
      bytes[bytes.length - 1] ^= 1;
      await writeFile(file, bytes);
    }
  },
});
