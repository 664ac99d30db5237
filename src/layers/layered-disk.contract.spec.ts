import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BackendContext,
  describeStorageBackendContract,
} from '../../test/contracts/storage-backend.contract.js';
import { MEDIUM_CAPABILITIES } from '../../test/support/backend-capabilities.js';
import { ALL_LAYERS } from '../../test/support/every-layer.js';
import { DiskBackend } from '../backends/disk/disk.backend.js';
import { type StorageBackend } from '../backends/storage-backend.interface.js';
import { lruPolicy } from '../modules/tiers/eviction/lru.policy.js';
import { layeredBackend } from './layered-backend.js';

const quiet = { log: () => undefined, warn: () => undefined, error: () => undefined };
const directory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const paths = new Map<StorageBackend, string>();

function createAt(path: string, context: BackendContext): StorageBackend {
  const disk = new DiskBackend({ ...context, name: 'disk', path, policy: lruPolicy, logger: quiet });
  const backend = layeredBackend(disk, ALL_LAYERS.make());
  paths.set(backend, path);
  return backend;
}

// The whole contract of backends in all layers, over one that answers later and outlives a restart.
describeStorageBackendContract('disk in all layers', {
  capabilities: MEDIUM_CAPABILITIES,
  create: async (context) => createAt(await mkdtemp(join(directory, 'kvnest-layers-')), context),
  reopen: (closed, context) => createAt(paths.get(closed)!, context),
  destroy: (backend) => rm(paths.get(backend)!, { recursive: true, force: true }),
});
