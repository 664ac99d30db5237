import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { NoOptions, readConnectorOptions } from '../read-connector-options.js';
import { BlackholeConnector } from './blackhole.connector.js';

@Module({})
class BlackholeConnectorModule {}

/** `blackhole://`: a store that forgets at once. What the URL names beside the scheme means nothing. */
export const blackholeConnector = defineConnector({
  type: 'blackhole',
  schemes: ['blackhole'],
  module: BlackholeConnectorModule,
  create: (context) => {
    readConnectorOptions(NoOptions, context);
    return new BlackholeConnector(context.url.label);
  },
});
