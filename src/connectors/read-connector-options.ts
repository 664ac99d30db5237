import { readOptions } from '../config/read-options.js';
import { type ConnectorTarget } from './connector-definition.interface.js';

/**
 * Reads what a connector may be told: the tier's `options`, and the parameters of its URL, which win.
 *
 * @param settings as `readOptions` takes it.
 * @throws KV_CONFIG_INVALID with everything that is wrong, options that nobody knows included.
 */
export function readConnectorOptions<T extends object>(
  settings: new () => T,
  { tier, url, options }: ConnectorTarget,
): T {
  return readOptions(settings, tier, { ...options, ...Object.fromEntries(url.parameters) });
}

/** Options of a connector that has none. */
export class NoOptions {}
