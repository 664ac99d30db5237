import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { locateBucket } from './s3-location.js';
import { S3Connector } from './s3.connector.js';
import { readS3Options } from './s3.config.js';

@Module({})
class S3ConnectorModule {}

/** `s3://bucket/prefix`: chunks as objects, in any service that speaks S3. */
export const s3Connector = defineConnector({
  type: 's3',
  schemes: ['s3'],
  module: S3ConnectorModule,
  create: (context) => {
    const { arena, space, url } = context;
    const options = readS3Options(context);
    return new S3Connector({ arena, space, label: url.label, location: locateBucket(url, options), options });
  },
});
