import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class MooncakeConnectorModule {}

/** `mooncakestore://host:port`: a Mooncake Store; several masters, of which one leads, are separated by commas. */
export const mooncakeConnector = defineConnector({
  type: 'mooncake',
  schemes: ['mooncakestore'],
  module: MooncakeConnectorModule,
  create: async (context) =>
    (await import('./create-mooncake-connector.js')).createMooncakeConnector(context),
});
