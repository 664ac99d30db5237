import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class RespConnectorModule {}

/** `resp://user:password@host:port`: a store that LMCache's native clients share. */
export const respConnector = defineConnector({
  type: 'resp',
  schemes: ['resp'],
  module: RespConnectorModule,
  create: async (context) => (await import('./create-resp-connector.js')).createRespConnector(context),
});
