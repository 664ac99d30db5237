import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class KvnestConnectorModule {}

/** `kvnest://host:port,host:port`: other kvnests, as one store. */
export const kvnestConnector = defineConnector({
  type: 'kvnest',
  schemes: ['kvnest', 'kvnests'],
  module: KvnestConnectorModule,
  create: async (context) => (await import('./create-kvnest-connector.js')).createKvnestConnector(context),
});
