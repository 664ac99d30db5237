import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArena } from '../../src/arena/create-arena.js';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import {
  describeStorageBackendContract,
  type BackendContext,
  type StorageBackendContract,
} from '../contracts/storage-backend.contract.js';
import { MEDIUM_CAPABILITIES } from '../support/backend-capabilities.js';

const quiet = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** In memory, where hundreds of tests need not wait for as many flushes; the other specs of this tier are on disk. */
const directory = existsSync('/dev/shm') && process.env['KVNEST_SOAK'] !== '1' ? '/dev/shm' : tmpdir();

function disk(native: boolean): StorageBackendContract {
  const paths = new Map<unknown, string>();
  const createAt = (path: string, context: BackendContext): DiskBackend => {
    const backend = new DiskBackend({ ...context, name: 'disk', path, policy: lruPolicy, logger: quiet });
    paths.set(backend, path);
    return backend;
  };
  return {
    capabilities: MEDIUM_CAPABILITIES,
    create: async (context) => createAt(await mkdtemp(join(directory, 'kvnest-disk-')), context),
    reopen: (closed, context) => createAt(paths.get(closed) as string, context),
    destroy: (backend) => rm(paths.get(backend) as string, { recursive: true, force: true }),
    createArena: () => createArena({ capacityBytes: 24 * 2 ** 20, native }),
  };
}

describeStorageBackendContract('disk from a native arena', disk(true));
describeStorageBackendContract('disk from a fallback arena', disk(false));
