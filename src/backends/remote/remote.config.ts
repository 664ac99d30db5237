import { readOptions } from '../../config/read-options.js';
import { ByteSize, OneOf, WholeNumber } from '../../config/schema/setting.decorators.js';
import { settingsOf } from '../../config/schema/setting-registry.js';
import { type ConnectorTarget } from '../../connectors/connector-definition.interface.js';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

/** `options` of a tier of type `remote` that concern no connector in particular. */
export class RemoteOptions {
  /** How chunks are written: as they are, or compressed without loss. Either reads both. */
  @OneOf('naive', 'zstd')
  serde: 'naive' | 'zstd' = 'naive';

  /** How long a call to the store may take. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  timeout_ms = 10_000;

  /** How long a question may take whether chunks are there; it is on the way of every request. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  lookup_timeout_ms = 1_000;

  /** How long it may take to reach the store, when the server starts and later. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  connect_timeout_ms = 5_000;

  /** How often a call is made again that failed at once. 0 = never. */
  @WholeNumber({ min: 0, max: 100 })
  retries = 2;

  /** Failures in a row after which the store is left alone. */
  @WholeNumber({ min: 1, max: 1_000_000 })
  breaker_failures = 5;

  /** After this time one call tries again; the time doubles while the store stays out of order. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  breaker_reset_ms = 2_000;

  /** Puts that the store is sent at once, and as many other calls. */
  @WholeNumber({ min: 1, max: 10_000 })
  concurrency = 16;

  /** Bytes of the puts that the store is sent at once. */
  @ByteSize({ minBytes: 1 })
  max_in_flight = 32 * MIB;

  /** Bytes of puts that were accepted and have not finished. */
  @ByteSize({ minBytes: 1 })
  queue = 64 * MIB;

  /** How many such puts. */
  @WholeNumber({ min: 1, max: 1_000_000 })
  queue_chunks = 256;

  /** How long a put waits for room among them. */
  @WholeNumber({ min: 0, max: HOUR_MS })
  queue_wait_ms = 100;

  /** How often the store is asked whether it is there. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  ping_interval_ms = 30_000;
}

export interface SplitOptions {
  readonly remote: RemoteOptions;
  /** What is left for the connector. */
  readonly connector: ConnectorTarget;
}

/**
 * Takes the options of every remote tier out of a tier's own and out of the parameters of its URL, which win.
 *
 * @throws KV_CONFIG_INVALID with everything that is wrong.
 */
export function splitRemoteOptions(target: ConnectorTarget): SplitOptions {
  const { tier, url, options } = target;
  const own = settingsOf(RemoteOptions);
  const isOwn = ([name]: readonly [string, unknown]): boolean => own.has(name);
  const isOthers = ([name]: readonly [string, unknown]): boolean => !own.has(name);
  const given = Object.entries(options);
  const parameters = [...url.parameters];
  return {
    remote: readOptions(RemoteOptions, tier, {
      ...Object.fromEntries(given.filter(isOwn)),
      ...Object.fromEntries(parameters.filter(isOwn)),
    }),
    connector: {
      ...target,
      url: { ...url, parameters: new Map(parameters.filter(isOthers)) },
      options: Object.fromEntries(given.filter(isOthers)),
    },
  };
}
