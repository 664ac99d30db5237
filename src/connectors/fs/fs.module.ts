import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class FsConnectorModule {}

/** `fs:///path`, or LMCache's `fs://host:0/path`, whose host means nothing; several paths are separated by commas. */
export const fsConnector = defineConnector({
  type: 'fs',
  schemes: ['fs'],
  module: FsConnectorModule,
  create: async (context) => (await import('./create-fs-connector.js')).createFsConnector(context),
});
