import { KvError } from '../common/errors/kv-error.js';
import { type ConnectorDefinition, type ConnectorLookup } from './connector-definition.interface.js';

/** Earlier definitions win. */
export function connectorLookup(definitions: readonly ConnectorDefinition[]): ConnectorLookup {
  return (scheme) => {
    const definition = definitions.find(({ schemes }) => schemes.includes(scheme));
    if (definition !== undefined) return definition;
    throw new KvError('KV_CONFIG_UNKNOWN_SCHEME', `No connector understands ${scheme}://`, {
      kind: 'config',
      remedy: `Use one of ${definitions.flatMap(({ schemes }) => schemes).join(', ')}, or name an external connector.`,
    });
  };
}
