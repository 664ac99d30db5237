/** `kvnest/client`: a cache from the point of view of who uses it. Loads nothing of the server, and no Nest. */
export { connect } from './connect.js';
export { isKvError, KvError, type KvErrorKind } from '../common/errors/kv-error.js';
export type {
  CacheEvent,
  CallOptions,
  ChunkEvent,
  ClearFilter,
  ConnectOptions,
  GetOptions,
  KeyOptions,
  KvnestClient,
  LookupAnswer,
  LookupOptions,
  LostEvents,
  PrefixOptions,
  PrefixPlace,
  PutItem,
  PutOptions,
  PutRefusal,
  PutResult,
  Retrieval,
  RetrievedChunk,
  StoreAnswer,
  StoreChunk,
  StoredValue,
  StoreOptions,
  ValueBytes,
} from './kvnest-client.interface.js';
export {
  KvnestClientModule,
  type KvnestClientModuleAsyncOptions,
  type KvnestClientModuleOptions,
  loadKvnestClientProxy,
} from './nest/client.module.js';
export { KVNEST_CLIENT, KVNEST_CLIENT_PROXY } from './nest/client.tokens.js';
export type { KvnestClientProxy, KvnestClientProxyOptions } from './nest/kvnest-client-proxy.js';
