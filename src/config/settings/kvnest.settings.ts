import {
  ByteSize,
  Entries,
  Flag,
  List,
  OneOf,
  OpenMapping,
  Section,
  Text,
  WholeNumber,
} from '../schema/setting.decorators.js';
import { DoorsSettings } from './door.settings.js';
import { LmcacheSettings } from './lmcache.settings.js';
import { PluginsSettings } from './plugin.settings.js';
import { TierSettings } from './tier.settings.js';

const HOUR_MS = 3_600_000;

export class ArenaSettings {
  /** The memory of all chunks, its tables included. Default: what the memory tiers need. */
  @ByteSize({ minBytes: 2 ** 20 })
  capacity?: number;

  /** `false`: do without the addon, in plain TypeScript. */
  @Flag()
  native = true;
}

export class AuthSettings {
  /** What clients must present: `Authorization: Bearer` over HTTP, `AUTH` over RESP. Default: nothing. */
  @Text()
  token?: string;
}

export class TraceSettings {
  /** Record what is asked for from the start on. */
  @Flag()
  record = false;

  /** Default: `trace.jsonl` in `data_dir`. */
  @Text()
  path?: string;

  /** Of the file and its predecessor together. */
  @ByteSize({ minBytes: 2 ** 20 })
  max_size = 2 ** 30;
}

/** What all prefetches together load from one tier at a time. */
export class PrefetchSettings {
  @WholeNumber({ min: 1, max: 1_024 })
  loads_per_tier = 4;

  /** By the largest chunk so far. */
  @ByteSize({ minBytes: 2 ** 20 })
  bytes_per_tier = 64 * 2 ** 20;
}

/** The configuration file: its keys are the fields of this class and of the sections below it. */
export class KvnestSettings extends LmcacheSettings {
  /** Where tiers on disk keep their files. */
  @Text()
  data_dir = './kvnest-data';

  /** Form of the keys made from tokens: LMCache's multiprocess mode, or its in-process mode. */
  @OneOf('object', 'engine')
  key_format?: 'object' | 'engine';

  /** Default: `blake3` for keys of format `object`, `sha256_cbor` for `engine`. */
  @OneOf('blake3', 'sha256_cbor')
  hash_algorithm?: 'blake3' | 'sha256_cbor';

  /** Start of the hash chain: the PYTHONHASHSEED of the engines that share chunks. Default: that of an engine without one. */
  @Text({ numbers: true })
  hash_seed?: string;

  @Section(() => ArenaSettings)
  arena = new ArenaSettings();

  /** The stack, first asked first. Default: memory and disk, from LMCache's keys. */
  @List(() => TierSettings)
  tiers?: (TierSettings | undefined)[];

  /** Options of the tier that reads from peers, where `tiers` are not listed: `nixl.peers` and others. */
  @OpenMapping()
  nixl: Record<string, unknown> = {};

  @Section(() => DoorsSettings)
  doors = new DoorsSettings();

  @Section(() => AuthSettings)
  auth = new AuthSettings();

  @Section(() => TraceSettings)
  trace = new TraceSettings();

  /** Which plugin scripts run here, by their names: `all` is the scheduler and one worker in the same process. */
  @OneOf('scheduler', 'worker', 'all')
  role: 'scheduler' | 'worker' | 'all' = 'all';

  @WholeNumber({ min: 0, max: 65_535 })
  worker_id = 0;

  @WholeNumber({ min: 1, max: 65_536 })
  worker_count = 1;

  @Section(() => PluginsSettings)
  plugins = new PluginsSettings();

  /** Nest modules of users: texts, or mappings as in `ModuleSettings`. Validated when the configuration is built. */
  @Entries('a list of modules, each the name of a package, the path of a file, or a mapping with module_path')
  modules: unknown[] = [];

  /** How long a lookup keeps what it found. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  lease_ms = 10_000;

  /** How long a put may wait, before its body is read, for tiers that lag behind. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  admission_timeout_ms = 1_000;

  /** Bytes waiting for one slow tier beyond which puts wait. Default: 256 MiB, at most half the arena. */
  @ByteSize({ minBytes: 2 ** 20 })
  max_pending?: number;

  /** Chunks of each tier read ahead of the consumer by retrieve. */
  @WholeNumber({ min: 1, max: 1_024 })
  read_ahead_chunks = 8;

  /** Bytes of further chunks that all retrieves hold while they wait for a slower tier. Default: a quarter of the arena. */
  @ByteSize({ minBytes: 0 })
  max_read_ahead?: number;

  @Section(() => PrefetchSettings)
  prefetch = new PrefetchSettings();

  /** How long a stopping server waits for requests in flight. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  drain_timeout_ms = 10_000;

  @OneOf('error', 'warn', 'info', 'debug')
  log_level: 'error' | 'warn' | 'info' | 'debug' = 'info';
}
