import { type ConnectorContext } from '../connector-definition.interface.js';
import { type ConnectorUrl, urlInvalid } from '../connector-url.js';
import { intakePlace } from '../intake/value-intake.js';
import { FsConnector } from './fs.connector.js';
import { readFsOptions } from './fs.config.js';
import { LmcacheLayout } from './lmcache.layout.js';
import { SealedLayout } from './sealed.layout.js';
import { SharedDirectories } from './shared-directories.js';

/** @throws KV_CONFIG_INVALID */
export function createFsConnector(context: ConnectorContext): FsConnector {
  const { url, clock } = context;
  const options = readFsOptions(context);
  const place = intakePlace(context);
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
}

function pathsOf(url: ConnectorUrl): readonly string[] {
  const paths = url.path.split(',').map((path) => path.trim());
  if (!paths.includes('') && !paths.includes('/')) return paths;
  throw urlInvalid(url, 'names no directory', 'Write fs:///path, or fs:///path1,/path2.');
}
