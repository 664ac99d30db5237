/** `kvnest/client`: a cache from the point of view of who uses it. Loads nothing of the server, and no Nest. */
export { connect } from './connect.js';
export { isKvError, KvError, type KvErrorKind } from '../common/errors/kv-error.js';
export type {
  CacheEvent,
  CallOptions,
  ClearFilter,
  ConnectOptions,
  GetOptions,
  KeyOptions,
  KvnestClient,
  LookupAnswer,
  LookupOptions,
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
