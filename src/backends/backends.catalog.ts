import { type BackendDefinition } from './backend-definition.interface.js';
import { type ConnectorDefinition } from '../connectors/connector-definition.interface.js';
import { diskBackend } from './disk/disk.module.js';
import { memoryBackend } from './memory/memory.module.js';
import { remoteBackend } from './remote/remote.module.js';

/** Every kind of backend that kvnest brings; one folder each. @param connectors what remote tiers may speak to. */
export function backendsCatalog(connectors: readonly ConnectorDefinition[]): readonly BackendDefinition[] {
  return [memoryBackend, diskBackend, remoteBackend(connectors)];
}
