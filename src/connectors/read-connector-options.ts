import { readOptions } from '../config/read-options.js';
import { type ConnectorTarget } from './connector-definition.interface.js';

type OptionsTarget = Pick<ConnectorTarget, 'tier' | 'url' | 'options'>;

/**
 * Reads what a connector may be told: the tier's `options`, and the parameters of its URL, which win.
 *
 * @param settings as `readOptions` takes it.
 * @param lmcache what both win over: what LMCache's `extra_config` says.
 * @throws KV_CONFIG_INVALID with everything that is wrong, options that nobody knows included.
 */
export function readConnectorOptions<T extends object>(
  settings: new () => T,
  { tier, url, options }: OptionsTarget,
  lmcache: Readonly<Record<string, unknown>> = {},
): T {
  return readOptions(settings, tier, { ...lmcache, ...options, ...Object.fromEntries(url.parameters) });
}

/** Options of a connector that has none. */
export class NoOptions {}
