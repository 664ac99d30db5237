import { afterAll, beforeAll, describe } from '@jest/globals';
import { S3ObjectNames } from '../../src/connectors/s3/s3-object-names.js';
import { type S3LayoutName } from '../../src/connectors/s3/s3.config.js';
import {
  describeRemoteConnectorContract,
  type RemoteConnectorContract,
} from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { describeWithPeer } from '../support/peer.js';
import { S3Bucket } from '../support/s3-bucket.js';
import { missingS3, MOTO, S3Server, SEAWEED } from '../support/s3-server.js';

const BUCKET = 'chunks';

/** Every connector gets a folder of its own in one bucket. */
function contractOn(
  layout: S3LayoutName,
  maxNameBytes: number,
  server: () => S3Server,
  bucket: () => S3Bucket,
): RemoteConnectorContract {
  const sealed = layout === 'sealed';
  let worlds = 0;
  return {
    capabilities: {
      persistent: true,
      shared: true,
      retains: true,
      batch: false,
      list: layout !== 'lmcache',
      remove: true,
      ttl: false,
      metadata: sealed ? 'any' : 'none',
      checksum: sealed,
    },
    create: (context) =>
      connectorFromUrl(`s3://${BUCKET}/${layout}/${++worlds}`, context, {
        options: { ...server().options, layout, max_name_bytes: maxNameBytes },
      }),
    damage: async (key) => {
      const name = new S3ObjectNames(`${layout}/${worlds}/`, layout, maxNameBytes).format(key)!;
      const bytes = await bucket().read(name);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      await bucket().write(name, bytes);
    },
  };
}

for (const [name, kind, layouts] of [
  ['moto', MOTO, ['sealed']],
  // `lmcache-mp` differs from `lmcache` in the names alone.
  ['SeaweedFS', SEAWEED, ['sealed', 'lmcache']],
] as const) {
  describeWithPeer(missingS3(kind))(`s3:// on ${name}`, () => {
    let server: S3Server;
    let bucket: S3Bucket;
    beforeAll(async () => {
      server = await S3Server.start(kind);
      bucket = await S3Bucket.create(server, BUCKET);
    }, 60_000);
    afterAll(async () => {
      bucket.close();
      await server.stop();
    });

    describe.each(layouts)('%s', (layout) => {
      describeRemoteConnectorContract(
        's3',
        contractOn(
          layout,
          kind.maxNameBytes,
          () => server,
          () => bucket,
        ),
      );
    });
  });
}
