import { Logger, Module } from '@nestjs/common';
import { readOptions } from '../../../config/read-options.js';
import { defineLocalBackend } from '../../define-local-backend.js';
import { MediumBackend } from '../../medium/medium.backend.js';
import { NixlFileAgent } from '../agent/file-agent.js';
import { NixlFileMedium } from './nixl-file.medium.js';
import { NixlStorageOptions } from './nixl-storage.config.js';

const TYPE = 'nixl_storage';

@Module({})
class NixlStorageModule {}

/** Chunks in files that NIXL reads and writes. */
export const nixlStorageBackend = defineLocalBackend({
  type: TYPE,
  module: NixlStorageModule,
  create: (parts, options) => {
    const { nixl_backend, nixl_path, nixl_pool_size } = readOptions(NixlStorageOptions, parts.name, options);
    const medium = new NixlFileMedium({
      path: nixl_path ?? parts.path,
      maxOpenFiles: nixl_pool_size,
      start: () => NixlFileAgent.start({ region: parts.arena.buffer, plugin: nixl_backend }),
    });
    return new MediumBackend({ ...parts, type: TYPE, medium, logger: new Logger(TYPE) });
  },
});
