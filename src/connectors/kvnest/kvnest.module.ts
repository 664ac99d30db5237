import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { intakePlace } from '../intake/value-intake.js';
import { readKvnestSettings } from './kvnest.config.js';
import { KvnestConnector } from './kvnest.connector.js';

@Module({})
class KvnestConnectorModule {}

/** `kvnest://host:port,host:port`: other kvnests, as one store. */
export const kvnestConnector = defineConnector({
  type: 'kvnest',
  schemes: ['kvnest', 'kvnests'],
  module: KvnestConnectorModule,
  create: (context) =>
    new KvnestConnector({
      label: context.url.label,
      place: intakePlace(context),
      settings: readKvnestSettings(context),
    }),
});
