import { describeStorageBackendContract } from '../../../test/contracts/storage-backend.contract.js';
import { LOOPBACK_CAPABILITIES, remoteOverLoopback } from '../../../test/support/remote-over-loopback.js';

describeStorageBackendContract('remote over loopback', {
  capabilities: LOOPBACK_CAPABILITIES,
  bounded: false,
  create: remoteOverLoopback((plain) => plain),
});

describeStorageBackendContract('remote over a store with forms for many', {
  capabilities: LOOPBACK_CAPABILITIES,
  bounded: false,
  create: remoteOverLoopback((plain) => plain, { batch: true }),
});

describeStorageBackendContract('remote with compressed chunks', {
  capabilities: LOOPBACK_CAPABILITIES,
  bounded: false,
  create: remoteOverLoopback((plain) => plain, { serde: 'zstd' }),
});
