import { Module } from '@nestjs/common';
import { KvError } from '../../common/errors/kv-error.js';
import { type ConnectorUrl } from '../connector-url.js';
import { defineConnector } from '../define-connector.js';
import { FsConnector } from './fs.connector.js';
import { readFsOptions } from './fs.config.js';
import { LmcacheLayout } from './lmcache.layout.js';
import { SealedLayout } from './sealed.layout.js';
import { SharedDirectories } from './shared-directories.js';

@Module({})
class FsConnectorModule {}

/** `fs:///path`, or LMCache's `fs://host:0/path`, whose host means nothing; several paths are separated by commas. */
export const fsConnector = defineConnector({
  type: 'fs',
  schemes: ['fs'],
  module: FsConnectorModule,
  create: (context) => {
    const { url, arena, space, clock } = context;
    const options = readFsOptions(context);
    const place = { space, crc32c: (bytes: Uint8Array, previous?: number) => arena.crc32c(bytes, previous) };
    return new FsConnector({
      label: url.label,
      directories: new SharedDirectories({
        paths: pathsOf(url),
        relativeTmpDir: options.relative_tmp_dir,
        fsync: options.fsync,
      }),
      layout:
        options.layout === 'sealed'
          ? new SealedLayout(place)
          : new LmcacheLayout(place, options.save_chunk_meta),
      ioDepth: options.io_depth,
      clock,
    });
  },
});

function pathsOf(url: ConnectorUrl): readonly string[] {
  const paths = url.path.split(',').map((path) => path.trim());
  if (!paths.includes('') && !paths.includes('/')) return paths;
  throw new KvError('KV_CONFIG_INVALID', `the URL "${url.label}" names no directory`, {
    kind: 'config',
    remedy: 'Write fs:///path, or fs:///path1,/path2.',
  });
}
