import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { adaptPlainConnector } from '../plain-connector.adapter.js';
import { NoOptions, readConnectorOptions } from '../read-connector-options.js';
import { LoopbackConnector } from './loopback.connector.js';
import { loopbackStore } from './loopback.store.js';

@Module({})
class LoopbackConnectorModule {}

/** `loopback://name`: a store in this process, for tests and as the template of a connector. */
export const loopbackConnector = defineConnector({
  type: 'loopback',
  schemes: ['loopback'],
  module: LoopbackConnectorModule,
  create: (context) => {
    const { url, clock, arena, space } = context;
    readConnectorOptions(NoOptions, context);
    const connector = new LoopbackConnector(loopbackStore(url.hosts[0]?.host ?? ''), clock);
    return adaptPlainConnector(connector, { arena, space, label: url.label });
  },
});
