import { Logger, Module } from '@nestjs/common';
import { readOptions } from '../../config/read-options.js';
import { defineLocalBackend } from '../define-local-backend.js';
import { DiskBackend } from './disk.backend.js';
import { DiskOptions } from './disk.config.js';

@Module({})
class DiskBackendModule {}

export const diskBackend = defineLocalBackend({
  type: 'disk',
  module: DiskBackendModule,
  create: (parts, options) =>
    new DiskBackend({
      ...parts,
      logger: new Logger(DiskBackend.name),
      options: readOptions(DiskOptions, parts.name, options),
    }),
});
