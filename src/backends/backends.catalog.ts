import { type BackendDefinition } from './backend-definition.interface.js';
import { diskBackend } from './disk/disk.module.js';
import { memoryBackend } from './memory/memory.module.js';
import { nixlBackend } from './nixl/nixl.module.js';
import { nixlStorageBackend } from './nixl/storage/nixl-storage.module.js';
import { remoteBackend, type RemoteSurroundings } from './remote/remote.module.js';

/** Every kind of backend that kvnest brings; one folder each. */
export function backendsCatalog(around: RemoteSurroundings): readonly BackendDefinition[] {
  return [memoryBackend, diskBackend, nixlBackend, nixlStorageBackend, remoteBackend(around)];
}
