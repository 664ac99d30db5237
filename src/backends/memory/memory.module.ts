import { Module } from '@nestjs/common';
import { defineLocalBackend } from '../define-local-backend.js';
import { MemoryBackend } from './memory.backend.js';

@Module({})
class MemoryBackendModule {}

export const memoryBackend = defineLocalBackend({
  type: 'memory',
  module: MemoryBackendModule,
  create: (parts) => new MemoryBackend(parts),
});
