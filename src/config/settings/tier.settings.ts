import { ByteSize, OpenMapping, Text } from '../schema/setting.decorators.js';

/** One entry of `tiers:`. */
export class TierSettings {
  /** Unique in the stack; part of metrics and of paths. Default: the type. */
  @Text({
    pattern: { test: /^[A-Za-z0-9][\w.-]{0,63}$/, expected: 'letters, digits, dots, dashes and underscores' },
  })
  name?: string;

  @Text({ required: true })
  type!: string;

  /** Needed by tiers on this machine; a store elsewhere has its own. */
  @ByteSize({ minBytes: 2 ** 20 })
  capacity?: number;

  /** Eviction policy. Default: `cache_policy`. */
  @Text()
  policy?: string;

  /** Admission policy: which chunks the tier takes when it is full. Default: `always`. */
  @Text()
  admission?: string;

  /** Directory of a tier on disk. Default: its name under `data_dir`. */
  @Text()
  path?: string;

  /** Address of the store, for a tier of type `remote`. */
  @Text()
  url?: string;

  /** Read by the tier's own type. */
  @OpenMapping()
  options: Record<string, unknown> = {};
}
