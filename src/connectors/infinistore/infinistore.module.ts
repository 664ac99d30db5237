import { Module } from '@nestjs/common';
import { onlyServer } from '../connector-url.js';
import { defineConnector } from '../define-connector.js';
import { intakePlace } from '../intake/value-intake.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { InfinistoreOptions } from './infinistore.config.js';
import { InfinistoreConnector } from './infinistore.connector.js';

const DEFAULT_PORT = 22_345;
const REMEDY =
  'Write infinistore://host:22345; the protocol knows no user, password or path, and no cluster.';

@Module({})
class InfinistoreConnectorModule {}

/** `infinistore://host:port`: an InfiniStore server, over TCP. LMCache's `infinistore_link_type` has no meaning there. */
export const infinistoreConnector = defineConnector({
  type: 'infinistore',
  schemes: ['infinistore'],
  module: InfinistoreConnectorModule,
  create: (context) => {
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
  },
});
