import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { KvError } from '../../common/errors/kv-error.js';
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
  const remote = plainToInstance(RemoteOptions, Object.fromEntries(entries.filter(([key]) => own.has(key))));
  const problems = validateSync(remote).flatMap(({ property, constraints }) =>
    Object.values(constraints ?? {}).map((message) => ({ path: `options.${property}`, message })),
  );
  if (problems.length === 0)
    return { remote, connector: Object.fromEntries(entries.filter(([key]) => !own.has(key))) };
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new KvError(
    'KV_CONFIG_INVALID',
    `the remote tier "${tier}" is not configured right: ${lines.join('; ')}`,
    {
      kind: 'config',
      remedy: `Options of every store: ${[...own.keys()].join(', ')}.`,
      details: { problems },
    },
  );
}
