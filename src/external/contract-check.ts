import { type StorageBackend, type BackendCapabilities } from '../backends/storage-backend.interface.js';
import {
  type ConnectorCapabilities,
  type RemoteConnector,
} from '../connectors/remote-connector.interface.js';
import { type PlainConnector } from '../connectors/plain-connector.interface.js';

type MethodOf<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends (...args: never[]) => unknown ? K : never;
}[keyof T];
/** Every method of a contract: the compiler finds one that is missing here. */
type Methods<T> = Readonly<Record<MethodOf<T>, 'required' | 'optional'>>;
type Shape<T> = Readonly<Record<keyof T, 'boolean' | 'boolean or absent' | 'number' | 'metadata'>>;

const BACKEND_METHODS: Methods<StorageBackend> = {
  open: 'required',
  close: 'required',
  contains: 'required',
  containsBatch: 'optional',
  containsPrefix: 'required',
  isPutPending: 'required',
  putMany: 'required',
  get: 'required',
  getMany: 'required',
  pin: 'required',
  unpin: 'required',
  remove: 'required',
  removeMany: 'required',
  expire: 'required',
  expiresAtMs: 'required',
  clear: 'required',
  scan: 'required',
  usage: 'required',
};

const BACKEND_CAPABILITIES: Shape<BackendCapabilities> = {
  persistent: 'boolean',
  shared: 'boolean',
  zeroCopy: 'boolean',
  scan: 'boolean',
  expiry: 'boolean',
  metadata: 'metadata',
  accounted: 'boolean',
  stores: 'boolean or absent',
  encodings: 'boolean or absent',
  maxChunkBytes: 'number',
};

const CONNECTOR_METHODS: Methods<RemoteConnector> = {
  connect: 'required',
  close: 'required',
  ping: 'required',
  describe: 'optional',
  exists: 'required',
  get: 'required',
  put: 'required',
  remove: 'required',
  list: 'required',
  existsMany: 'required',
  getMany: 'required',
  putMany: 'required',
  removeMany: 'required',
};

const CONNECTOR_CAPABILITIES: Shape<ConnectorCapabilities> = {
  persistent: 'boolean',
  shared: 'boolean',
  retains: 'boolean',
  batch: 'boolean',
  list: 'boolean',
  remove: 'boolean',
  ttl: 'boolean',
  metadata: 'metadata',
  checksum: 'boolean',
  maxValueBytes: 'number',
  maxKeyBytes: 'number',
};

const PLAIN_METHODS: Methods<PlainConnector> = {
  exists: 'required',
  get: 'required',
  put: 'required',
  connect: 'optional',
  close: 'optional',
  ping: 'optional',
  remove: 'optional',
  list: 'optional',
};

/** What an instance lacks of StorageBackend, one sentence each; empty when it is one. @param name of its tier. */
export function missingOfBackend(instance: object, name: string): readonly string[] {
  const { name: given, type } = instance as Partial<StorageBackend>;
  return [
    ...missingMethods(instance, BACKEND_METHODS),
    ...(given === name ? [] : [`name must be that of its tier, "${name}", and is ${show(given)}`]),
    ...(typeof type === 'string' && type !== '' ? [] : [`type must be a name, and is ${show(type)}`]),
    ...missingCapabilities(instance, BACKEND_CAPABILITIES),
  ];
}

/** What an instance lacks of RemoteConnector. */
export function missingOfConnector(instance: object): readonly string[] {
  return [
    ...missingMethods(instance, CONNECTOR_METHODS),
    ...missingCapabilities(instance, CONNECTOR_CAPABILITIES),
  ];
}

/** What an instance lacks of PlainConnector. */
export function missingOfPlainConnector(instance: object): readonly string[] {
  return missingMethods(instance, PLAIN_METHODS);
}

/** Whether an instance means to be a RemoteConnector and no plain one: only that has calls for many keys. */
export function isRemoteConnector(instance: object): instance is RemoteConnector {
  return ['existsMany', 'getMany', 'putMany', 'removeMany'].some((name) => name in instance);
}

function missingMethods(
  instance: object,
  methods: Readonly<Record<string, 'required' | 'optional'>>,
): string[] {
  return Object.entries(methods).flatMap(([name, need]) => {
    const method = (instance as Readonly<Record<string, unknown>>)[name];
    if (typeof method === 'function' || (need === 'optional' && method === undefined)) return [];
    return [method === undefined ? `${name}() is missing` : `${name} is no method`];
  });
}

function missingCapabilities(instance: object, shape: Readonly<Record<string, string>>): string[] {
  const { capabilities } = instance as { readonly capabilities?: Readonly<Record<string, unknown>> };
  if (typeof capabilities !== 'object') return ['capabilities is missing'];
  return Object.entries(shape).flatMap(([name, type]) => {
    const value = capabilities[name];
    if (type === 'metadata') {
      return ['any', 'lmcache', 'none'].includes(String(value))
        ? []
        : [`capabilities.${name} must be any, lmcache or none, and is ${show(value)}`];
    }
    if (type === 'boolean or absent' && value === undefined) return [];
    return typeof value === type.replace(' or absent', '')
      ? []
      : [`capabilities.${name} must be a ${type}, and is ${show(value)}`];
  });
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
