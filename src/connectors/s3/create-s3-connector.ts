import { type ConnectorContext } from '../connector-definition.interface.js';
import { locateBucket } from './s3-location.js';
import { S3Connector } from './s3.connector.js';
import { readS3Options } from './s3.config.js';

/** @throws KV_CONFIG_INVALID */
export function createS3Connector(context: ConnectorContext): S3Connector {
  const { arena, space, url } = context;
  const options = readS3Options(context);
  return new S3Connector({ arena, space, label: url.label, location: locateBucket(url, options), options });
}
