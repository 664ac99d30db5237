import { describeStorageBackendContract } from '../../test/contracts/storage-backend.contract.js';
import { EVERY_LAYER } from '../../test/support/every-layer.js';
import { MemoryBackend } from '../backends/memory/memory.backend.js';
import { lruPolicy } from '../modules/tiers/eviction/lru.policy.js';
import { layeredBackend } from './layered-backend.js';

// The whole contract of backends in each layer, over one that answers at once.
for (const { name, make } of EVERY_LAYER) {
  describeStorageBackendContract(`memory in ${name}`, {
    capabilities: {
      persistent: false,
      shared: false,
      zeroCopy: true,
      scan: true,
      expiry: true,
      metadata: 'any',
      accounted: true,
      encodings: true,
    },
    create: (context) =>
      layeredBackend(new MemoryBackend({ ...context, name: 'memory', policy: lruPolicy }), make()),
  });
}
