import { type ConnectorContext } from '../connector-definition.interface.js';
import { intakePlace } from '../intake/value-intake.js';
import { readKvnestSettings } from './kvnest.config.js';
import { KvnestConnector } from './kvnest.connector.js';

/** @throws KV_CONFIG_INVALID */
export function createKvnestConnector(context: ConnectorContext): KvnestConnector {
  return new KvnestConnector({
    label: context.url.label,
    place: intakePlace(context),
    settings: readKvnestSettings(context),
  });
}
