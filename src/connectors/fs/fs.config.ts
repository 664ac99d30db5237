import { Flag, OneOf, Text, WholeNumber } from '../../config/schema/setting.decorators.js';
import { type ConnectorTarget } from '../connector-definition.interface.js';
import { readConnectorOptions } from '../read-connector-options.js';

/** Parameters of an `fs://` URL, and `options` of its tier. */
export class FsOptions {
  /** `lmcache`: files as LMCache's `fs://` reads and writes them; `sealed`: kvnest's own, with a checksum. */
  @OneOf('lmcache', 'sealed')
  layout: 'lmcache' | 'sealed' = 'lmcache';

  /** Whether files of the layout `lmcache` begin with the chunk's metadata: LMCache's key of this name. */
  @Flag()
  save_chunk_meta = true;

  /** Where files are written before they are whole, below each directory and on the same file system. */
  @Text({
    pattern: {
      test: /^(?!\.{1,2}(?:\/|$))[^/\0]+(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)*$/,
      expected: 'a relative path without . and ..',
    },
  })
  relative_tmp_dir = '.kvnest-tmp';

  /** Whether each file is on its medium before its put is answered. */
  @Flag()
  fsync = false;

  /**
   * Files that are worked on at once. Each may hold one of the UV_THREADPOOL_SIZE threads, 4 by default, for as long
   * as the file system does not answer.
   */
  @WholeNumber({ min: 1, max: 64 })
  io_depth = 3;
}

/**
 * Options from the parameters of the URL, which win, from the tier, and from LMCache's `extra_config`.
 *
 * @throws KV_CONFIG_INVALID
 */
export function readFsOptions(target: ConnectorTarget): FsOptions {
  const { save_chunk_meta, fs_connector_relative_tmp_dir: relative_tmp_dir } = target.extraConfig;
  return readConnectorOptions(FsOptions, target, { save_chunk_meta, relative_tmp_dir });
}
