/** The contract suites: what every implementation of an extension point passes. Exported as `kvnest/testing`. */
export {
  type BackendContext,
  describeStorageBackendContract,
  type StorageBackendContract,
} from './storage-backend.contract.js';
export {
  describeDoorContract,
  type DoorCapabilities,
  type DoorClient,
  type DoorClientStatus,
  type DoorContract,
  type DoorKey,
} from './door.contract.js';
export { describeEvictionPolicyContract } from './eviction-policy.contract.js';
export {
  type ConnectorWorldContext,
  describeRemoteConnectorContract,
  type RemoteConnectorContract,
} from './remote-connector.contract.js';
