import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
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
    const { arena, space, url } = context;
    const { label } = url;
    const { connections, ...settings } = readRespSettings(context);
    return new RespConnector({
      label,
      place: { space, crc32c: (bytes, previous) => arena.crc32c(bytes, previous) },
      openPool: () =>
        new RespPool({
          label,
          connections,
          open: (signal) => openRespConnection({ label, ...settings }, signal),
        }),
    });
  },
});
