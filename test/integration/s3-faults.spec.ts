import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConnectorWorld } from '../contracts/connector/connector-world.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer } from '../support/peer.js';
import { S3Bucket } from '../support/s3-bucket.js';
import { errorAnswer, S3FaultProxy } from '../support/s3-fault-proxy.js';
import { inAwsEnvironment } from '../support/s3-environment.js';
import { missingS3, READER, S3Server, SEAWEED } from '../support/s3-server.js';
import { inS3World } from '../support/s3-world.js';
import { makeCertificates, type TestCertificates } from '../support/tls-certificates.js';

const MIB = 2 ** 20;
const apart = { connect: false };

let server: S3Server;
let bucket: S3Bucket;
let proxy: S3FaultProxy;
let folder = 0;

/** A world whose connector goes through the proxy, in a folder of its own. */
function inWorld(
  test: (world: ConnectorWorld) => Promise<void>,
  options: Readonly<Record<string, unknown>> = {},
  { connect = true }: { readonly connect?: boolean } = {},
  url = `s3://chunks/${folder}`,
): Promise<void> {
  return inS3World(
    { url, options: { ...server.options, endpoint: proxy.endpoint, ...options }, connect },
    test,
  );
}

describeWithPeer(missingS3(SEAWEED))('s3:// when something is wrong', () => {
  beforeAll(async () => {
    server = await S3Server.start(SEAWEED);
    bucket = await S3Bucket.create(server, 'chunks');
  }, 60_000);
  afterAll(async () => {
    bucket.close();
    await server.stop();
  });
  beforeEach(async () => {
    proxy = await S3FaultProxy.start(server.port);
    folder++;
  });
  afterEach(() => proxy.stop());

  describe('with the configuration', () => {
    const refused = expect.objectContaining({ code: 'KV_REMOTE_REFUSED', kind: 'config', retryable: false });

    it.each([
      ['secret', { secret_access_key: 'wrong' }],
      ['key', { access_key_id: 'nobody' }],
    ])('does not connect with a wrong %s', (_, options) =>
      inWorld(
        async ({ connector }) => {
          expect(await errorOf(() => connector.connect())).toEqual(refused);
          await expectEventually(() => proxy.open === 0);
        },
        options,
        apart,
      ),
    );

    it('finds credentials and region where the AWS SDK does, and says when there are none', async () => {
      const found = {
        AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      };
      const options = { access_key_id: null, secret_access_key: null };
      await inAwsEnvironment(found, () =>
        inWorld(async (world) => {
          await world.put({ key: world.key('key') });
          expect(await world.connector.exists(world.key('key'))).toBe(true);
        }, options),
      );
      await inAwsEnvironment({}, async () => {
        for (const wrong of [options, { endpoint: null }])
          await inWorld(
            ({ connector }) => expect(errorOf(() => connector.connect())).resolves.toEqual(refused),
            wrong,
            apart,
          );
      });
    });

    it('names a bucket that is not there', () =>
      inWorld(
        async ({ connector }) => {
          const error = await errorOf(() => connector.connect());
          expect(error).toMatchObject({
            code: 'KV_REMOTE_REFUSED',
            message: expect.stringContaining('NoSuchBucket'),
          });
        },
        {},
        apart,
        's3://elsewhere',
      ));

    it('reads with credentials that may only read, and says that it may not write', () =>
      inWorld(async (owner) => {
        await owner.put({ key: owner.key('key'), bytes: chunkBytes(3 * MIB) });
        await inWorld(
          async (world) => {
            const key = world.key('key');
            expectBytes(await world.read(key), chunkBytes(3 * MIB));
            expect(await errorOf(() => world.put({ key, bytes: chunkBytes(3 * MIB, 1) }))).toEqual(refused);
            expect(await errorOf(() => world.connector.remove(key))).toEqual(refused);
            expect(await errorOf(() => world.connector.removeMany([key]))).toEqual(refused);
            expectBytes(await world.read(key), chunkBytes(3 * MIB));
          },
          { access_key_id: READER.accessKeyId, secret_access_key: READER.secretAccessKey },
        );
      }));

    it('knows a web server that does not speak S3', async () => {
      const web = createServer((_, response) => response.end('<html><title>It works</title></html>'));
      const endpoint = await listening(web);
      await inWorld(
        async ({ connector }) => {
          expect(await errorOf(() => connector.connect())).toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
        },
        { endpoint },
        apart,
      );
      web.close();
    });

    it('does not connect where nobody listens, and connects when somebody does', () =>
      inWorld(
        async ({ connector }) => {
          server.suspend();
          const abort = new AbortController();
          const connecting = errorOf(() => connector.connect({ signal: abort.signal }));
          await expectEventually(() => proxy.open > 0);
          abort.abort();
          expect(await connecting).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
          server.resume();
          await connector.connect();
        },
        {},
        apart,
      ));

    it('says that nobody listens', () =>
      inWorld(
        async ({ connector }) => {
          expect(await errorOf(() => connector.connect())).toMatchObject({
            code: 'KV_REMOTE_UNREACHABLE',
            retryable: true,
          });
        },
        { endpoint: 'http://127.0.0.1:1' },
        apart,
      ));
  });

  describe('on the way', () => {
    const unreachable = expect.objectContaining({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });

    it('a body that breaks off is an error, keeps nothing, and the next call is answered', () =>
      inWorld(async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(2 * MIB) });
        proxy.faults = { cutAnswerAfterBytes: MIB };
        expect(await errorOf(() => world.connector.get(key))).toEqual(unreachable);
        const outcomes = await errorOf(() => world.connector.getMany([key, world.key('none'), key]));
        expect(outcomes).toEqual(unreachable);
        expect(world.arena.usage().references).toBe(0);
        proxy.faults = {};
        expectBytes(await world.read(key), chunkBytes(2 * MIB));
      }));

    it('a put that breaks off leaves the older chunk or none, never a part', () =>
      inWorld(async (world) => {
        const [old, fresh] = [world.key('old'), world.key('fresh')];
        await world.put({ key: old, bytes: chunkBytes(1_000) });
        proxy.faults = { cutRequestAfterBytes: MIB };
        for (const key of [old, fresh])
          expect(await errorOf(() => world.put({ key, bytes: chunkBytes(3 * MIB, 1) }))).toEqual(unreachable);
        proxy.faults = {};
        expectBytes(await world.read(old), chunkBytes(1_000));
        expect(await world.read(fresh)).toBe('miss');
      }));

    it.each([
      [503, 'SlowDown', { code: 'KV_REMOTE_FAILED', retryable: true }],
      [500, 'InternalError', { code: 'KV_REMOTE_FAILED', retryable: true }],
      [400, 'RequestTimeout', { code: 'KV_REMOTE_FAILED', retryable: true }],
      [400, 'InvalidArgument', { code: 'KV_REMOTE_FAILED', retryable: false }],
      [403, 'RequestTimeTooSkewed', { code: 'KV_REMOTE_REFUSED', retryable: false }],
      [400, 'AuthorizationHeaderMalformed', { code: 'KV_REMOTE_REFUSED', retryable: false }],
      [301, 'PermanentRedirect', { code: 'KV_REMOTE_REFUSED', retryable: false }],
      [404, 'NoSuchBucket', { code: 'KV_REMOTE_REFUSED', retryable: false }],
    ])('%i %s is told as it is, once', (status, code, expected) =>
      inWorld(async (world) => {
        const key = world.key('key');
        proxy.faults = { answer: errorAnswer(status, code) };
        const before = proxy.connections;
        expect(await errorOf(() => world.connector.get(key))).toMatchObject(expected);
        expect(await errorOf(() => world.put({ key, bytes: chunkBytes(100) }))).toMatchObject(expected);
        expect(await errorOf(() => world.connector.list('', 10))).toMatchObject(expected);
        // The first goes over the connection that was there: three calls, three answers, no retries.
        expect(proxy.connections - before).toBe(2);
      }),
    );

    it('a name that the store finds too long is rejected, and is not there', () =>
      inWorld(async (world) => {
        const key = world.key('k'.repeat(300));
        expect(await world.put({ key })).toBe('rejected');
        expect(await world.read(key)).toBe('miss');
        expect(await world.connector.exists(key)).toBe(false);
        expect(await world.connector.remove(key)).toBe(false);
        const longer = world.key('k'.repeat(1_100));
        expect(await world.put({ key: longer })).toBe('rejected');
        expect(await world.read(longer)).toBe('miss');
        expect(await world.connector.existsMany([longer, key])).toEqual([false, false]);
        expect(await world.connector.removeMany([longer, key])).toEqual([false, false]);
      }));

    it('a slow body comes in whole', () =>
      inWorld(async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(MIB) });
        proxy.faults = { pieceBytes: 777 };
        expectBytes(await world.read(key), chunkBytes(MIB));
      }));

    it('a slow body is taken back in the middle, and nothing is written afterwards', () =>
      inWorld(async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(3 * MIB) });
        proxy.faults = { pieceBytes: 500 };
        const abort = new AbortController();
        const seen = proxy.answerBytes;
        const reading = errorOf(() => world.connector.get(key, { signal: abort.signal }));
        await expectEventually(
          () => world.arena.usage().references > 0 && proxy.answerBytes > seen + 100_000,
        );
        abort.abort();
        expect(await reading).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
        expect(world.arena.usage().references).toBe(0);
        await expectEventually(() => proxy.open === 0);
      }));
  });

  describe('with the store', () => {
    it('a store that answers nothing holds nobody who takes the call back, also with every socket taken', () =>
      inWorld(
        async (world) => {
          const key = world.key('key');
          await world.put({ key, bytes: chunkBytes(MIB) });
          using chunk = world.chunk({ key, bytes: chunkBytes(MIB) });
          server.suspend();
          const abort = new AbortController();
          const { signal } = abort;
          const { connector } = world;
          const calls = [
            errorOf(() => connector.get(key, { signal })),
            errorOf(() => connector.put(chunk, { signal })),
            errorOf(() => connector.exists(key, { signal })),
            errorOf(() => connector.exists(key, { signal, withMetadata: true })),
            errorOf(() => connector.remove(key, { signal })),
            errorOf(() => connector.removeMany([key], { signal })),
            errorOf(() => connector.getMany([key, key], { signal })),
            errorOf(() => connector.putMany([chunk, chunk], { signal })),
            errorOf(() => connector.list('', 10, { signal })),
            errorOf(() => connector.ping({ signal })),
          ];
          await new Promise((resolve) => setImmediate(resolve));
          abort.abort();
          for (const error of await Promise.all(calls))
            expect(error).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
          expect(await errorOf(() => connector.get(key, { signal }))).toMatchObject({
            code: 'KV_REMOTE_ABORTED',
          });
          server.resume();
          expectBytes(await world.read(key), chunkBytes(MIB));
        },
        { max_sockets: 2 },
      ));

    it('a store that is killed in the middle of a body is an error, and keeps nothing', async () => {
      const other = await S3Server.start(SEAWEED);
      const slow = await S3FaultProxy.start(other.port);
      const elsewhere = await S3Bucket.create(other, 'chunks');
      elsewhere.close();
      try {
        await inWorld(
          async (world) => {
            const key = world.key('key');
            await world.put({ key, bytes: chunkBytes(6 * MIB) });
            slow.faults = { pieceBytes: 1_000 };
            const seen = slow.answerBytes;
            const reading = errorOf(() => world.connector.get(key));
            await expectEventually(() => slow.answerBytes > seen + 50_000);
            await other.stop();
            await slow.stop();
            expect(await reading).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
            expect(await errorOf(() => world.connector.ping())).toMatchObject({
              code: 'KV_REMOTE_UNREACHABLE',
            });
          },
          { endpoint: slow.endpoint },
        );
      } finally {
        await other.stop();
      }
    }, 60_000);
  });

  describe('with TLS', () => {
    let directory: string;
    let certificates: TestCertificates;
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'kvnest-s3-tls-'));
      certificates = makeCertificates(directory);
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it('trusts the authority of the options, and no other', async () => {
      const secure = await S3FaultProxy.start(server.port, certificates.server);
      const misnamed = await S3FaultProxy.start(server.port, certificates.misnamed);
      const { endpoint } = secure;
      await inWorld(
        async (world) => {
          const key = world.key('key');
          await world.put({ key, bytes: chunkBytes(3 * MIB) });
          expectBytes(await world.read(key), chunkBytes(3 * MIB));
        },
        { endpoint, tls_ca: certificates.authority },
      );
      const wrong = [
        [{ endpoint }, 'KV_REMOTE_UNREACHABLE'],
        [{ endpoint: misnamed.endpoint, tls_ca: certificates.authority }, 'KV_REMOTE_UNREACHABLE'],
        [{ endpoint, tls_ca: join(directory, 'missing.crt') }, 'KV_REMOTE_REFUSED'],
        [{ endpoint: endpoint.replace('https', 'http') }, 'KV_REMOTE_UNREACHABLE'],
      ] as const;
      for (const [options, code] of wrong)
        await inWorld(
          async ({ connector }) => {
            expect(await errorOf(() => connector.connect())).toMatchObject({ code });
          },
          options,
          apart,
        );
      await Promise.all([secure.stop(), misnamed.stop()]);
    });
  });
});

async function listening(web: Server): Promise<string> {
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
}
