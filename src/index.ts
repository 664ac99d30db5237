/**
 * The public API of kvnest: the contracts that extensions implement, the tokens that they inject, and the server for
 * applications that embed it. Everything else may change without notice.
 */
export { type AppExtensions, AppModule } from './app.module.js';
export { startServer } from './main.js';
export { describeAll as describeOpenApi } from './common/open-api.decorators.js';

export { type Awaitable } from './common/awaitable.js';
export { type Clock, systemClock } from './common/clock.js';
export { CLOCK } from './common/common.tokens.js';
export { isKvError, KvError, type KvErrorKind, type KvErrorOptions } from './common/errors/kv-error.js';

export { loadConfig, type LoadConfigInput, type LoadedConfig } from './config/load-config.js';
export { type KvnestConfig, KVNEST_CONFIG, type TierConfig } from './config/kvnest-config.interface.js';

export {
  type AllocationRequest,
  type Arena,
  type ArenaHandle,
  type ArenaUsage,
  type ChunkAttributes,
  type ChunkState,
  type Extent,
  MAX_METADATA_BYTES,
} from './arena/arena.interface.js';
export { type ArenaSpace, type Reclaimer } from './arena/arena-space.interface.js';
export { ARENA, ARENA_SPACE } from './arena/arena.tokens.js';
export { ArenaSpaceService } from './arena/arena-space.js';
export { createArena } from './arena/create-arena.js';

export { describeKey, type KeyDescription } from './protocols/chunk-key/describe-key.js';
export { ChunkKey, MAX_KEY_BYTES } from './protocols/chunk-key/chunk-key.js';

export {
  type AdmissionPolicyLookup,
  type BackendDefinition,
  type EvictionPolicyLookup,
} from './backends/backend-definition.interface.js';
export type { ChunkMedium, FillingMedium, StoredHeader } from './backends/medium/chunk-medium.interface.js';
export { MediumBackend } from './backends/medium/medium.backend.js';
export type { MediumBackendOptions } from './backends/medium/medium-backend-options.interface.js';
export { backendClosed, chunkNotSealed, notSupported } from './backends/backend-errors.js';
export type { AdmissionPolicy, AdmissionPolicyFactory } from './backends/admission-policy.interface.js';
export {
  ADMISSION_POLICIES,
  BACKENDS,
  EVICTION_POLICIES,
  getBackendToken,
} from './backends/backends.tokens.js';
export {
  type ChunkTraits,
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from './backends/eviction-policy.interface.js';
export type {
  BackendCapabilities,
  BackendUsage,
  ChunkFilter,
  ContainsOptions,
  PutOutcome,
  ReadOutcome,
  ScanPage,
  StorageBackend,
} from './backends/storage-backend.interface.js';

export type {
  ConnectorContext,
  ConnectorDefinition,
  ConnectorLogger,
  ConnectorLookup,
  ConnectorTarget,
} from './connectors/connector-definition.interface.js';
export {
  remoteAborted,
  remoteCircuitOpen,
  remoteClosed,
  remoteFailed,
  remoteOverloaded,
  remoteProtocol,
  remoteRefused,
  remoteTimeout,
  remoteUnreachable,
  remoteUnsupported,
} from './connectors/connector-errors.js';
export { ConnectorLifecycle, type ConnectorResources } from './connectors/connector-lifecycle.js';
export { type ConnectorUrl, type HostPort } from './connectors/connector-url.js';
export { getConnectorToken } from './connectors/connectors.tokens.js';
export { type ConnectorRecipe, defineConnector } from './connectors/define-connector.js';
export type { ChunkIntake } from './connectors/intake/chunk-intake.interface.js';
export { sealChunk } from './connectors/intake/seal-chunk.js';
export { SealedIntake } from './connectors/intake/sealed-intake.js';
export {
  intakePlace,
  type IntakePlace,
  ValueIntake,
  type ValueToTake,
} from './connectors/intake/value-intake.js';
export { LoopingConnector } from './connectors/looping-connector.js';
export { adaptPlainConnector, type PlainAdapterContext } from './connectors/plain-connector.adapter.js';
export type {
  PlainCapabilities,
  PlainConnector,
  PlainListPage,
  PlainPutOptions,
} from './connectors/plain-connector.interface.js';
export type {
  CallOptions,
  ConnectorCapabilities,
  ExistsOptions,
  FetchOutcome,
  ListPage,
  RemoteConnector,
  SendOutcome,
} from './connectors/remote-connector.interface.js';
export { ChaosLayer, type ChaosFaults, type ChaosLayerOptions } from './layers/chaos.layer.js';
export {
  CircuitBreakerLayer,
  type CircuitBreakerLayerOptions,
  type CircuitState,
} from './layers/circuit-breaker.layer.js';
export type { Layer, LayerCall, LayerOperation, NextLayer } from './layers/layer.interface.js';
export { layeredBackend } from './layers/layered-backend.js';
export { layeredConnector } from './layers/layered-connector.js';
export { LimitLayer, type LimitLayerOptions } from './layers/limit.layer.js';
export { MetricsLayer, type MetricsLayerOptions } from './layers/metrics.layer.js';
export { RetryLayer, type RetryLayerOptions } from './layers/retry.layer.js';
export { TimeoutLayer, type TimeoutLayerOptions } from './layers/timeout.layer.js';

export { formatStoreKey, parseStoreKey } from './protocols/store-key/store-key.js';

export type {
  BackendContext,
  ExtensionLogger,
  ExtensionServices,
  ExternalConnectorContext,
} from './external/extension-context.interface.js';
export { EXTENSION_LOGGER, EXTENSION_OPTIONS, EXTENSION_TARGET } from './external/extension.tokens.js';

export {
  CACHE_ENGINE,
  type CacheEngine,
  type EngineCounters,
  type EngineStatus,
  type LookupResult,
  type PrefixChunk,
  type PrefixIdentity,
  type PrefixRequest,
  type RetrievedChunk,
  type TierStatus,
} from './modules/engine/cache-engine.interface.js';
export { type EngineEvent, engineEvents, type EngineEventType } from './modules/engine/engine-events.js';
export type {
  CommitOptions,
  ObjectStore,
  PutReservation,
  Refusal,
  RefusalReason,
  ReserveOptions,
  StoreResult,
} from './modules/engine/object-store.interface.js';

export { type PluginEvent, type PluginEvents, PLUGIN_EVENTS } from './plugins/plugin-event.interface.js';
export {
  PLUGIN_OVERVIEW,
  type PluginOverview,
  type PluginStatus,
} from './plugins/plugin-status.interface.js';
