import { type ConnectorContext } from '../connector-definition.interface.js';
import { intakePlace } from '../intake/value-intake.js';
import { openRespConnection } from '../resp-client/open-resp-connection.js';
import { RespPool } from '../resp-client/resp-pool.js';
import { readRespSettings } from './resp.config.js';
import { RespConnector } from './resp.connector.js';

/** @throws KV_CONFIG_INVALID */
export function createRespConnector(context: ConnectorContext): RespConnector {
  const { label } = context.url;
  const { connections, ...settings } = readRespSettings(context);
  return new RespConnector({
    label,
    place: intakePlace(context),
    openPool: () =>
      new RespPool({
        label,
        connections,
        open: (signal) => openRespConnection({ label, ...settings }, signal),
      }),
  });
}
