import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeStorageBackendContract,
  type BackendContext,
  type StorageBackendContract,
} from '../../test/contracts/storage-backend.contract.js';
import { ALL_LAYERS, EVERY_LAYER, type MakeLayers } from '../../test/support/every-layer.js';
import { DiskBackend } from '../backends/disk/disk.backend.js';
import { MemoryBackend } from '../backends/memory/memory.backend.js';
import { type StorageBackend } from '../backends/storage-backend.interface.js';
import { lruPolicy } from '../modules/tiers/eviction/lru.policy.js';
import { layeredBackend } from './layered-backend.js';

const local = { shared: false, scan: true, expiry: true, metadata: 'any', accounted: true } as const;
const quiet = { log: () => undefined, warn: () => undefined, error: () => undefined };

function memory(layers: MakeLayers): StorageBackendContract {
  return {
    capabilities: { ...local, persistent: false, zeroCopy: true },
    create: (context) =>
      layeredBackend(new MemoryBackend({ ...context, name: 'memory', policy: lruPolicy }), layers()),
  };
}

function disk(layers: MakeLayers): StorageBackendContract {
  const directory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const paths = new Map<StorageBackend, string>();
  const createAt = (path: string, context: BackendContext): StorageBackend => {
    const disk = new DiskBackend({ ...context, name: 'disk', path, policy: lruPolicy, logger: quiet });
    const backend = layeredBackend(disk, layers());
    paths.set(backend, path);
    return backend;
  };
  return {
    capabilities: { ...local, persistent: true, zeroCopy: false },
    create: async (context) => createAt(await mkdtemp(join(directory, 'kvnest-layers-')), context),
    reopen: (closed, context) => createAt(paths.get(closed)!, context),
    destroy: (backend) => rm(paths.get(backend)!, { recursive: true, force: true }),
  };
}

// The whole contract of backends: over one that answers at once in each layer, over one that does not in all of them.
for (const { name, make } of EVERY_LAYER) describeStorageBackendContract(`memory in ${name}`, memory(make));
describeStorageBackendContract(`disk in ${ALL_LAYERS.name}`, disk(ALL_LAYERS.make));
