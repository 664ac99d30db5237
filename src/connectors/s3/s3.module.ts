import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class S3ConnectorModule {}

/** `s3://bucket/prefix`: chunks as objects, in any service that speaks S3. */
export const s3Connector = defineConnector({
  type: 's3',
  schemes: ['s3'],
  module: S3ConnectorModule,
  create: async (context) => (await import('./create-s3-connector.js')).createS3Connector(context),
});
