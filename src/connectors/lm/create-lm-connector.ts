import { type ConnectorContext } from '../connector-definition.interface.js';
import { onlyServer } from '../connector-url.js';
import { intakePlace } from '../intake/value-intake.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { LmConnector } from './lm.connector.js';
import { LmOptions } from './lm.config.js';

const DEFAULT_PORT = 65_432;
const REMEDY = 'Write lm://host:65432; the protocol knows no user, password or path.';

/** @throws KV_CONFIG_INVALID */
export function createLmConnector(context: ConnectorContext): LmConnector {
  const { url } = context;
  const { connections, connect_timeout_ms, keys } = readConnectorOptions(LmOptions, context);
  const { host, port = DEFAULT_PORT } = onlyServer(url, REMEDY);
  return new LmConnector({
    host,
    port,
    label: url.label,
    connections,
    connectTimeoutMs: connect_timeout_ms,
    anyKey: keys === 'any',
    place: intakePlace(context),
  });
}
