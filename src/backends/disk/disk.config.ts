import { Flag, WholeNumber, ByteSize } from '../../config/schema/setting.decorators.js';

/** `options` of a tier of type `disk`. */
export class DiskOptions {
  /** Reads at a time, each on a thread of the tier; one write less, on the threads of the process: above 5, raise UV_THREADPOOL_SIZE as well. */
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
