import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { KvError } from '../../common/errors/kv-error.js';
import { Flag, WholeNumber, ByteSize } from '../../config/schema/setting.decorators.js';

/** `options` of a tier of type `disk`. */
export class DiskOptions {
  /** Reads and writes in flight. Above 4, raise UV_THREADPOOL_SIZE as well. */
  @WholeNumber({ min: 1, max: 64 })
  io_depth = 4;

  /** Past the page cache, where the file system can; `false`: always through it. */
  @Flag()
  direct = true;

  /**
   * What was written is flushed this often, so that a loss of power costs no more. 0 = only when the server stops: a
   * crash of the server costs nothing either way.
   */
  @WholeNumber({ min: 0, max: 3_600_000 })
  sync_interval_ms = 5_000;

  /** Part of the capacity set aside for the index: more lets more small chunks in. Default: a 64th. */
  @ByteSize({ minBytes: 128 * 1024 })
  index_size?: number;
}

/** @throws KV_CONFIG_INVALID with everything that is wrong. */
export function readDiskOptions(tier: string, given: Readonly<Record<string, unknown>>): DiskOptions {
  const options = plainToInstance(DiskOptions, given);
  const problems = validateSync(options, { whitelist: true, forbidNonWhitelisted: true }).flatMap(
    ({ property, constraints }) =>
      Object.values(constraints ?? {}).map((message) => ({ path: `options.${property}`, message })),
  );
  if (problems.length === 0) return options;
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new KvError(
    'KV_CONFIG_INVALID',
    `the disk tier "${tier}" is not configured right: ${lines.join('; ')}`,
    {
      kind: 'config',
      remedy: `Known options are ${Object.keys(new DiskOptions()).join(', ')} and index_size.`,
      details: { problems },
    },
  );
}
