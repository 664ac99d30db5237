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

  @ByteSize({ minBytes: 2 ** 20, required: true })
  capacity!: number;

  /** Eviction policy. Default: `cache_policy`. */
  @Text()
  policy?: string;

  /** Directory of a tier on disk. Default: its name under `data_dir`. */
  @Text()
  path?: string;

  /** Read by the tier's own type. */
  @OpenMapping()
  options: Record<string, unknown> = {};
}
