import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import {
  type BackendContext,
  describeStorageBackendContract,
} from '../contracts/storage-backend.contract.js';
import { REMOTE_CAPABILITIES } from '../support/backend-capabilities.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { RecordingLogger } from '../support/recording-logger.js';

const paths = new WeakMap<object, string>();

async function open(path: string, context: BackendContext): Promise<RemoteBackend> {
  const label = `fs://${path}`;
  const backend = new RemoteBackend({
    ...context,
    name: 'far',
    label,
    connector: await connectorFromUrl(`${label}?layout=sealed`, context),
    options: new RemoteOptions(),
    logger: new RecordingLogger(),
  });
  paths.set(backend, path);
  return backend;
}

// LMCache's layout cannot keep what this contract asks for: any key, and expiry.
describeStorageBackendContract('remote over fs://, sealed', {
  capabilities: { ...REMOTE_CAPABILITIES, persistent: true, scan: true, metadata: 'any' },
  bounded: false,
  create: (context) => open(mkdtempSync(join(tmpdir(), 'kvnest-fs-backend-')), context),
  reopen: (closed, context) => open(paths.get(closed) ?? '', context),
  destroy: (backend) => rmSync(paths.get(backend) ?? '', { recursive: true }),
});
