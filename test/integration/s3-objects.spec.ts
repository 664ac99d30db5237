import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type ConnectorWorld } from '../contracts/connector/connector-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { describeWithPeer } from '../support/peer.js';
import { S3Bucket } from '../support/s3-bucket.js';
import { inDomain } from '../support/s3-environment.js';
import { DOMAIN, missingS3, S3Server, SEAWEED } from '../support/s3-server.js';
import { inS3World } from '../support/s3-world.js';

let server: S3Server;
let bucket: S3Bucket;
let folder = 0;

/** A world whose connector has a folder of its own. */
function inWorld(
  options: Readonly<Record<string, unknown>>,
  test: (world: ConnectorWorld) => Promise<void>,
): Promise<void> {
  return inS3World({ url: `s3://chunks/${folder}`, options: { ...server.options, ...options } }, test);
}

describeWithPeer(missingS3(SEAWEED))('objects of s3://', () => {
  beforeAll(async () => {
    server = await S3Server.start(SEAWEED);
    bucket = await S3Bucket.create(server, 'chunks');
  });
  afterAll(async () => {
    bucket.close();
    await server.stop();
  });
  beforeEach(() => {
    folder++;
  });

  it('what is cut short, empty, longer, foreign or another chunk is corrupt, and a new put mends it', () =>
    inWorld({}, async (world) => {
      const [key, other] = [world.key('key'), world.key('other')];
      const metadata = Buffer.from('shape');
      await world.put({ key, bytes: chunkBytes(50_000), metadata });
      await world.put({ key: other, bytes: chunkBytes(50_000), metadata });
      const name = `${folder}/key`;
      const whole = await bucket.read(name);
      const damaged: readonly Buffer[] = [
        whole.subarray(0, -1),
        whole.subarray(0, 60),
        whole.subarray(0, 10),
        Buffer.alloc(0),
        Buffer.concat([whole, Buffer.alloc(1)]),
        Buffer.from('<html>what a proxy said</html>'.repeat(10)),
        await bucket.read(`${folder}/other`),
      ];
      for (const bytes of damaged) {
        await bucket.write(name, bytes);
        expect(await world.read(key)).toBe('corrupt');
      }
      for (const bytes of damaged.slice(2, 4).concat(damaged[5]!)) {
        await bucket.write(name, bytes);
        expect(await world.connector.exists(key, { withMetadata: true })).toBe(false);
      }
      await world.put({ key, bytes: chunkBytes(50_000), metadata });
      expectBytes(await world.read(key), chunkBytes(50_000));
      expect(await world.connector.exists(key, { withMetadata: true })).toBe(true);
    }));

  it('objects of others beside the chunks are not listed', () =>
    inWorld({}, async (world) => {
      await world.put({ key: world.key('key') });
      for (const name of ['a/b', 'no%2fchunk', `${'x'.repeat(20)}%`])
        await bucket.write(`${folder}/${name}`, Buffer.from('x'));
      await bucket.write(`${folder}0/key`, Buffer.from('x'));
      expect((await world.listAll(2)).map(String)).toEqual(['key']);
    }));

  it.each([
    ['lmcache', 'org/model@1@0@ab12@half', 'org_model@1@0@ab12@half'],
    ['lmcache-mp', 'org/model@00000001@0@ab12', 'org/model@00000001@0@ab12'],
  ])('are plain bytes under the name of LMCache with layout %s', (layout, text, name) =>
    inWorld({ layout }, async (world) => {
      const key = world.key(text);
      await bucket.write(`${folder}/${name}`, chunkBytes(40_000));
      expect(await world.connector.exists(key)).toBe(true);
      expectBytes(await world.read(key), chunkBytes(40_000));
      await world.put({ key, bytes: chunkBytes(50_000, 1), metadata: Buffer.from('lost') });
      expect(await bucket.names(`${folder}/`)).toEqual([`${folder}/${name}`]);
      expectBytes(await bucket.read(`${folder}/${name}`), chunkBytes(50_000, 1));
    }),
  );

  it("are found where LMCache's URL has the bucket in the host", () =>
    inDomain(async () => {
      const lmcache = {
        s3_region: 'us-east-1',
        disable_tls: true,
        s3_prefer_http2: false,
        layout: 'lmcache',
      };
      await inS3World(
        {
          url: `s3://chunks.${DOMAIN}:${server.port}`,
          options: { ...server.options, endpoint: null, ...lmcache },
        },
        async (world) => {
          const key = world.key('org/model@1@0@cd34@half');
          await world.put({ key, bytes: chunkBytes(40_000) });
          expectBytes(await bucket.read('org_model@1@0@cd34@half'), chunkBytes(40_000));
          expectBytes(await world.read(key), chunkBytes(40_000));
          expect(await world.connector.remove(key)).toBe(true);
        },
      );
    }));
});
