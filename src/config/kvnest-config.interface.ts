/** One tier, in the order of the stack. */
export interface TierConfig {
  readonly name: string;
  readonly type: string;
  /** 0 for tiers without a budget of their own, such as a remote store. */
  readonly capacityBytes: number;
  /** Name of its eviction policy, as the catalogue of policies spells it. */
  readonly policy: string;
  /** Name of its admission policy; absent: it takes every chunk. */
  readonly admission?: string;
  /** Directory, for tiers on disk. */
  readonly path?: string;
  /** Address of the store, for tiers elsewhere. May hold a password. */
  readonly url?: string;
  /** Whatever else the tier's own type reads. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Code that users bring: a backend, a connector or a Nest module, imported before the server is built. */
export interface ExternalConfig {
  readonly kind: 'backend' | 'connector' | 'module';
  /** The `type` of the backend's tier, the scheme of the connector's URLs, or what the log calls the module. */
  readonly name: string;
  /** Name of an npm package, or path of a file: absolute, or relative to the working directory. */
  readonly modulePath: string;
  /** Name of the export; undefined = the default export. */
  readonly className: string | undefined;
  /** The key that named it, for messages: `external_backend.mine.module_path`. */
  readonly key: string;
  /** What stands beside the two under the same name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Folders that a package is looked for from: the working directory first, then that of the file. */
  readonly searchFrom: readonly string[];
}

export interface DoorLimits {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly maxValueBytes: number;
  readonly maxConnections: number;
  /** A body that makes no progress for this long loses its reservation. */
  readonly bodyTimeoutMs: number;
}

/** What the door for `kvnest/client` has beyond others. */
export interface TcpDoorLimits extends DoorLimits {
  readonly heartbeatMs: number;
  readonly maxInFlight: number;
  /** Paths of files in PEM; undefined = without TLS. */
  readonly tls:
    { readonly cert: string; readonly key: string; readonly clientCa: string | undefined } | undefined;
}

/** How a plugin script is run. */
export interface PluginPolicy {
  readonly restart: 'never' | 'on-failure' | 'always';
  /** Within `restartWindowMs`; after more of them it stays down. */
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
  /** Pause before the first restart; it doubles up to `backoffMaxMs`. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** How long it may take until it says that it is ready; 0 = it is at once. */
  readonly startTimeoutMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number;
  /** How often it has to say that it is alive; 0 = it need not. */
  readonly heartbeatMs: number;
  /** 0 to 19. */
  readonly nice: number;
  /** Address space of each of its processes; undefined = no limit. */
  readonly memoryBytes: number | undefined;
  readonly maxLineBytes: number;
  readonly maxOutputBytesPerSecond: number;
  /** Names of variables that go on to it although they look like secrets. */
  readonly passEnvironment: readonly string[];
}

export interface PluginsConfig {
  /** Absolute paths of files and directories. */
  readonly locations: readonly string[];
  /** The key that they were given by, for messages. */
  readonly locationsKey: 'runtime_plugin_locations' | 'plugin_locations';
  /** `all`: this process is the scheduler and a worker. */
  readonly role: 'scheduler' | 'worker' | 'all';
  readonly workerId: number;
  readonly workerCount: number;
  /** What the user has for his scripts; it means nothing here. */
  readonly extraConfig: Readonly<Record<string, unknown>>;
  readonly defaults: PluginPolicy;
  /** By the name of a script, or its path below a location; complete, the defaults included. */
  readonly scripts: Readonly<Record<string, PluginPolicy>>;
}

/** The whole configuration: read, merged, validated and frozen before the Nest graph exists. */
export interface KvnestConfig {
  readonly chunkTokens: number;
  readonly keyFormat: 'object' | 'engine';
  readonly hashAlgorithm: 'blake3' | 'sha256_cbor';
  /** Seed of the hash chain, as PYTHONHASHSEED would be for the engine; undefined = the engine's default. */
  readonly hashSeed: string | undefined;
  /** Whether the last, partial chunk of a prompt is stored and found. */
  readonly savePartialChunks: boolean;
  readonly dataDir: string;
  readonly arena: {
    readonly capacityBytes: number;
    /** Whether the addon is used where it is built; without it, the TypeScript fallback. */
    readonly native: boolean;
  };
  readonly tiers: readonly TierConfig[];
  /** In the order of their listing. */
  readonly externals: readonly ExternalConfig[];
  readonly doors: {
    readonly http: DoorLimits | false;
    readonly resp: DoorLimits | false;
    readonly lm: DoorLimits | false;
    readonly tcp: TcpDoorLimits | false;
    readonly nest: DoorLimits | false;
  };
  readonly auth: { readonly token: string | undefined };
  readonly plugins: PluginsConfig;
  readonly trace: {
    /** From the start on. */
    readonly record: boolean;
    /** Absolute path of the file. */
    readonly path: string;
    /** Of the file and its predecessor together. */
    readonly maxBytes: number;
  };
  readonly leaseMs: number;
  readonly pinTimeoutMs: number;
  /** How long a put may wait, before its body is read, for tiers that lag behind. */
  readonly admissionTimeoutMs: number;
  /** Bytes waiting for one slow tier beyond which puts wait. */
  readonly maxPendingBytes: number;
  /** Chunks of each tier read ahead of the consumer by retrieve. */
  readonly readAheadChunks: number;
  /** Bytes of further ones that all reads together hold while they wait for a slower tier. */
  readonly maxReadAheadBytes: number;
  /** Bounds of what all prefetches together load from one tier at a time. */
  readonly prefetch: { readonly loads: number; readonly bytes: number };
  readonly drainTimeoutMs: number;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly extraConfig: Readonly<Record<string, unknown>>;
}

/** Injection token of the `KvnestConfig`. */
export const KVNEST_CONFIG = Symbol.for('kvnest:Config');
