const WITHOUT_EFFECT = `
  reserve_local_cpu_size local_cpu_use_hugepages local_disk_path_sharding priority_limit
  min_retrieve_tokens hit_miss_ratio save_decode_cache use_layerwise enable_async_loading enable_kv_events
  lookup_timeout_ms lookup_server_worker_ids enable_scheduler_bypass_lookup external_lookup_client
  retrieve_locations store_location pin_check_interval_sec numa_mode py_enable_gc use_gpu_connector_v3
  enable_blending blend_recompute_ratios blend_thresholds blend_check_layers blend_min_tokens blend_special_str
  p2p_init_ports p2p_lookup_ports
  pd_buffer_size pd_buffer_device pd_peer_host pd_peer_init_port pd_peer_alloc_port
  pd_peer_query_port pd_proxy_host pd_proxy_port pd_allocation_timeout_sec pd_shutdown_timeout_sec
  pd_condition_poll_interval_sec pd_max_prefill_len pd_backend_mode pd_skip_proxy_notification
  nixl_peer_host nixl_peer_port nixl_peer_init_port nixl_peer_alloc_port
  nixl_receiver_host nixl_receiver_port nixl_proxy_host nixl_proxy_port nixl_enable_gc
  nixl_backends nixl_buffer_size nixl_buffer_device gds_path gds_path_sharding gds_buffer_size cufile_buffer_size
  use_gds gds_backend weka_path maru_path maru_pool_size
  enable_controller lmcache_instance_id controller_url controller_pull_url controller_reply_url
  lmcache_worker_port lmcache_worker_ports lmcache_worker_ids lmcache_worker_heartbeat_delay
  lmcache_worker_heartbeat_delay_time lmcache_worker_heartbeat_time distributed_url lookup_url
  internal_api_server_enabled internal_api_server_host internal_api_server_port_start
  internal_api_server_include_index_list internal_api_server_socket_path_prefix
  enable_lazy_memory_allocator lazy_memory_initial_ratio lazy_memory_expand_trigger lazy_memory_expand_trigger_ratio
  lazy_memory_step lazy_memory_step_ratio lazy_memory_safe_size
  enable_chunk_statistics chunk_statistics_auto_start_statistics chunk_statistics_auto_exit_timeout_hours
  chunk_statistics_auto_exit_target_unique_chunks chunk_statistics_strategy
  script_allowed_imports run_script_api_enabled remote_config_url app_id mp_host mp_port
  enable_hidden_state_cache max_hidden_state_cpu_size hidden_state_layers hidden_states_retrieve_mode
  error_handling pipelined_backend async_loading local_device pd_retrieve_locations pd_store_location
`;

/** Keys of LMCache, old names included, that steer something a server of chunks does not do. */
export const LMCACHE_KEYS_WITHOUT_EFFECT: ReadonlySet<string> = new Set(WITHOUT_EFFECT.trim().split(/\s+/));

const EXTRAS_WITHOUT_EFFECT = `
  enable_nixl_storage use_direct_io use_odirect disk_io_threads local_cpu.pinned_align_bytes
  fs_connector_use_odirect fs_connector_read_ahead_size
  s3_prefer_http2 s3_enable_s3express s3_max_io_concurrency s3_max_inflight_reqs
  local_hostname global_segment_size local_buffer_size storage_root_dir mooncake_prefer_local_alloc
  infinistore_link_type request_timeout valkey_num_workers valkey_sync_num_workers valkey_enable_ttl valkey_ttl_sec
  audit_calc_checksum audit_exclude_cmds
  save_only_first_rank lookup_backoff_time force_store_wait enable_sparse lmcache_rpc_port gpu_to_numa_mapping
  p2p_max_retry_count heartbeat_url kv_msg_batch_size kv_msg_batch_timeout full_sync_batch_size
  ping_interval ping_timeout
`;

/** Keys inside `extra_config` that steer something a server of chunks does not do, or does by itself. */
export const LMCACHE_EXTRAS_WITHOUT_EFFECT: ReadonlySet<string> = new Set(
  EXTRAS_WITHOUT_EFFECT.trim().split(/\s+/),
);

/** Of backends that kvnest does not have, or configures elsewhere. */
const EXTRA_PREFIXES = /^(nixl_|rust_raw_block\.|hf3fs_|azure_|sagemaker_hyperpod_)/;

export function isIdleExtra(key: string): boolean {
  return LMCACHE_EXTRAS_WITHOUT_EFFECT.has(key) || EXTRA_PREFIXES.test(key);
}

/** LMCache puts the settings of its encoder cache under this prefix. */
const ENCODER_CACHE_PREFIX = 'ec_';

export function isWithoutEffect(key: string): boolean {
  return LMCACHE_KEYS_WITHOUT_EFFECT.has(key) || key.startsWith(ENCODER_CACHE_PREFIX);
}

/** Variables of LMCache that are no settings of its YAML file; among them what its plugin scripts are told. */
export const LMCACHE_VARIABLES_OF_OTHER_PARTS =
  /^LMCACHE_(CONFIG_FILE|LOG_|TRACK_USAGE|USAGE_|(RUNTIME_)?PLUGIN_(?!LOCATIONS$)|RESP_|MP_)/;
