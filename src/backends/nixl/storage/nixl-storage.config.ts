import { OneOf, Text, WholeNumber } from '../../../config/schema/setting.decorators.js';

/** `options` of a tier of type `nixl_storage`: LMCache's names. */
export class NixlStorageOptions {
  /** The plugin that reads and writes the files. */
  @OneOf('POSIX')
  nixl_backend = 'POSIX' as const;

  /** Directory of the files. Default: the tier's `path`. */
  @Text()
  nixl_path?: string;

  /** How many files may be open at a time; more wait. */
  @WholeNumber({ min: 1, max: 4096 })
  nixl_pool_size = 64;
}
