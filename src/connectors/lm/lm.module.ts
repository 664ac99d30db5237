import { Module } from '@nestjs/common';
import { onlyServer } from '../connector-url.js';
import { defineConnector } from '../define-connector.js';
import { intakePlace } from '../intake/value-intake.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { LmConnector } from './lm.connector.js';
import { LmOptions } from './lm.config.js';

const DEFAULT_PORT = 65_432;
const REMEDY = 'Write lm://host:65432; the protocol knows no user, password or path.';

@Module({})
class LmConnectorModule {}

/** `lm://host:port`: LMCache's own remote server, or the lm door of another kvnest. */
export const lmConnector = defineConnector({
  type: 'lm',
  schemes: ['lm'],
  module: LmConnectorModule,
  create: (context) => {
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
  },
});
