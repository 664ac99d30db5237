import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class InfinistoreConnectorModule {}

/** `infinistore://host:port`: an InfiniStore server, over TCP. LMCache's `infinistore_link_type` has no meaning there. */
export const infinistoreConnector = defineConnector({
  type: 'infinistore',
  schemes: ['infinistore'],
  module: InfinistoreConnectorModule,
  create: async (context) =>
    (await import('./create-infinistore-connector.js')).createInfinistoreConnector(context),
});
