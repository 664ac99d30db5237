import { Module } from '@nestjs/common';
import { readOptions } from '../../config/read-options.js';
import { defineLocalBackend } from '../define-local-backend.js';
import { MemoryBackend } from './memory.backend.js';

/** A tier of memory has none. */
class MemoryOptions {}

@Module({})
class MemoryBackendModule {}

export const memoryBackend = defineLocalBackend({
  type: 'memory',
  module: MemoryBackendModule,
  create: (parts, options) => {
    readOptions(MemoryOptions, parts.name, options);
    return new MemoryBackend(parts);
  },
});
