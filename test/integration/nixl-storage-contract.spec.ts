import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEDIUM_CAPABILITIES } from '../support/backend-capabilities.js';
import { nixlStorageTier } from '../support/nixl/nixl-storage-tier.js';
import { missingNixl } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';

const directory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const paths = new WeakMap<object, string>();

describeWithPeer(missingNixl())('with the POSIX plugin of NIXL', () => {
  describeStorageBackendContract('nixl_storage', {
    capabilities: MEDIUM_CAPABILITIES,
    create: async (context) => {
      const path = await mkdtemp(join(directory, 'kvnest-nixl-storage-'));
      const backend = nixlStorageTier(path, context);
      paths.set(backend, path);
      return backend;
    },
    reopen: (closed, context) => {
      const path = paths.get(closed)!;
      const backend = nixlStorageTier(path, context);
      paths.set(backend, path);
      return backend;
    },
    destroy: (backend) => rm(paths.get(backend)!, { recursive: true, force: true }),
  });
});
