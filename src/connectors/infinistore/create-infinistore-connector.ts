import { type ConnectorContext } from '../connector-definition.interface.js';
import { onlyServer } from '../connector-url.js';
import { intakePlace } from '../intake/value-intake.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { InfinistoreOptions } from './infinistore.config.js';
import { InfinistoreConnector } from './infinistore.connector.js';

const DEFAULT_PORT = 22_345;
const REMEDY =
  'Write infinistore://host:22345; the protocol knows no user, password or path, and no cluster.';

/** @throws KV_CONFIG_INVALID */
export function createInfinistoreConnector(context: ConnectorContext): InfinistoreConnector {
  const { url, logger } = context;
  const options = readConnectorOptions(InfinistoreOptions, context);
  const { host, port = DEFAULT_PORT } = onlyServer(url, REMEDY);
  return new InfinistoreConnector({
    host,
    port,
    label: url.label,
    logger,
    layout: options.layout,
    connections: options.connections,
    connectTimeoutMs: options.socket_connect_timeout_ms,
    drainTimeoutMs: options.drain_timeout_ms,
    maxValueBytes: options.max_value,
    managePort: options.manage_port,
    place: intakePlace(context),
  });
}
