import { type StorageBackendContract } from '../contracts/storage-backend.contract.js';

type Capabilities = StorageBackendContract['capabilities'];

/** A backend that keeps chunks on a medium of this machine. */
export const MEDIUM_CAPABILITIES: Capabilities = {
  persistent: true,
  shared: false,
  zeroCopy: false,
  scan: true,
  expiry: true,
  metadata: 'any',
  accounted: true,
  encodings: true,
};

/** A backend over a store elsewhere, which has a clock of its own: it does not wait for that of the contract. */
export const REMOTE_CAPABILITIES: Omit<Capabilities, 'scan' | 'metadata'> = {
  persistent: false,
  shared: true,
  zeroCopy: false,
  expiry: false,
  accounted: false,
};
