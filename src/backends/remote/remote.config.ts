import { readOptions } from '../../config/read-options.js';
import { OneOf, WholeNumber } from '../../config/schema/setting.decorators.js';
import { settingsOf } from '../../config/schema/setting-registry.js';

/** `options` of a tier of type `remote` that concern no connector in particular. */
export class RemoteOptions {
  /** How chunks are written: as they are, or compressed without loss. */
  @OneOf('naive', 'zstd')
  serde: 'naive' | 'zstd' = 'naive';

  /** How long a call to the store may take. */
  @WholeNumber({ min: 1, max: 3_600_000 })
  timeout_ms = 10_000;
}

export interface SplitOptions {
  readonly remote: RemoteOptions;
  /** What the connector reads. */
  readonly connector: Readonly<Record<string, unknown>>;
}

/** @throws KV_CONFIG_INVALID with everything that is wrong. */
export function splitRemoteOptions(tier: string, given: Readonly<Record<string, unknown>>): SplitOptions {
  const own = settingsOf(RemoteOptions);
  const entries = Object.entries(given);
  return {
    remote: readOptions(RemoteOptions, tier, Object.fromEntries(entries.filter(([key]) => own.has(key)))),
    connector: Object.fromEntries(entries.filter(([key]) => !own.has(key))),
  };
}
