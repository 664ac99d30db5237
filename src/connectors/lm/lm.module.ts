import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class LmConnectorModule {}

/** `lm://host:port`: LMCache's own remote server, or the lm door of another kvnest. */
export const lmConnector = defineConnector({
  type: 'lm',
  schemes: ['lm'],
  module: LmConnectorModule,
  create: async (context) => (await import('./create-lm-connector.js')).createLmConnector(context),
});
