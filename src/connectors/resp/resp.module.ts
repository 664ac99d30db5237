import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { intakePlace } from '../intake/value-intake.js';
import { openRespConnection } from '../resp-client/open-resp-connection.js';
import { RespPool } from '../resp-client/resp-pool.js';
import { readRespSettings } from './resp.config.js';
import { RespConnector } from './resp.connector.js';

@Module({})
class RespConnectorModule {}

/** `resp://user:password@host:port`: a store that LMCache's native clients share. */
export const respConnector = defineConnector({
  type: 'resp',
  schemes: ['resp'],
  module: RespConnectorModule,
  create: (context) => {
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
  },
});
