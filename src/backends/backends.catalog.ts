import { type BackendDefinition } from './backend-definition.interface.js';
import { diskBackend } from './disk/disk.module.js';
import { memoryBackend } from './memory/memory.module.js';

/** Every kind of backend that kvnest brings; one folder each. */
export const BACKENDS_CATALOG: readonly BackendDefinition[] = [memoryBackend, diskBackend];
