import {
  Flag,
  Gibibytes,
  Items,
  Names,
  OneOf,
  OpenMapping,
  Seconds,
  Text,
  Texts,
  WholeNumber,
} from '../schema/setting.decorators.js';

export type PeerRole = 'sender' | 'receiver' | 'both';

/** LMCache's keys that mean here what they mean there. */
export class LmcacheSettings {
  /** Tokens in a chunk. */
  @WholeNumber({ min: 1, max: 65_536 })
  chunk_size = 256;

  /** Whether there is a memory tier. */
  @Flag()
  local_cpu = true;

  /** Size of the memory tier, in GiB; without the tier, of the memory that chunks pass through. */
  @Gibibytes()
  max_local_cpu_size = 1;

  /** Directory of the disk tier, as a path or a `file://` URI; null = no disk tier. */
  @Text()
  local_disk?: string | null;

  /** Size of the disk tier, in GiB; 0 = no disk tier. */
  @Gibibytes()
  max_local_disk_size = 10;

  /** Eviction policy of tiers that name none. LMCache's names of policies are known. */
  @Text()
  cache_policy = 'DEFAULT';

  /** Hash of the in-process mode. Only `sha256_cbor` has a portable definition. */
  @Text()
  pre_caching_hash_algorithm?: string;

  /** Whether the last, partial chunk of a prompt is stored and found. */
  @Flag()
  save_unfull_chunk = false;

  /** A pin that nobody took back ends after this time. */
  @Seconds({ max: 86_400 })
  pin_timeout_sec = 300;

  /** Stores elsewhere, each a tier behind the others: one URL, or a list. */
  @Texts()
  remote_url?: string[];

  /** The store behind an `audit://` URL; LMCache has it inside `extra_config` as well. */
  @Text()
  audit_actual_remote_url?: string;

  /** How chunks are written to remote stores: `naive` as they are, `zstd` compressed without loss. */
  @Text()
  remote_serde?: string;

  /** How long a read from a remote store may take. */
  @Seconds({ max: 3_600 })
  blocking_timeout_secs = 10;

  /** Disaggregated prefill: chunks go from prefilling servers to decoding ones. Peers are in `nixl`. */
  @Flag()
  enable_pd?: boolean;

  /** `receiver`: reads from the others; `sender`: is read from. */
  @OneOf('sender', 'receiver', 'both')
  pd_role?: PeerRole;

  /** Chunks go both ways. */
  @Flag()
  pd_bidirectional?: boolean;

  /** The old names of `enable_pd` and `pd_role`. */
  @Flag()
  enable_nixl?: boolean;

  @Flag()
  enable_xpyd?: boolean;

  @OneOf('sender', 'receiver', 'both')
  nixl_role?: PeerRole;

  /** Servers read each other's chunks. Peers are in `nixl`. */
  @Flag()
  enable_p2p?: boolean;

  /** The host by which peers reach this server. */
  @Text()
  p2p_host?: string;

  /** `nixl`, where both sides have it; `py_socket` is TCP. */
  @Text()
  transfer_channel?: string;

  /** Backends that users bring, in the order of their tiers. */
  @Names()
  storage_plugins?: string[];

  /** The old name of `storage_plugins`. */
  @Names()
  external_backends?: string[];

  /** Connectors that users bring. */
  @Names()
  remote_storage_plugins?: string[];

  /**
   * What the extensions are: `<name>.module_path`, `<name>.class_name`, and whatever else they read. LMCache has these
   * inside `extra_config`, where they mean the same.
   */
  @OpenMapping()
  storage_plugin: Record<string, unknown> = {};

  @OpenMapping()
  external_backend: Record<string, unknown> = {};

  @OpenMapping()
  remote_storage_plugin: Record<string, unknown> = {};

  /** Connectors by the scheme of their URLs. */
  @OpenMapping()
  external_connector: Record<string, unknown> = {};

  /** Files and directories of plugin scripts. */
  @Items()
  runtime_plugin_locations?: string[];

  /** The old name of `runtime_plugin_locations`. */
  @Items()
  plugin_locations?: string[];

  /** Open: whatever plugin scripts read. */
  @OpenMapping()
  runtime_plugin_extra_config: Record<string, unknown> = {};

  /** Open: whatever extensions read. */
  @OpenMapping()
  extra_config: Record<string, unknown> = {};
}
