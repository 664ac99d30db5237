import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type TcpDoorLimits } from '../../src/config/kvnest-config.interface.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { keyList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';
import { clientOptions, makeCertificates, type TestCertificates } from '../support/tls-certificates.js';

const MIB = 1024 * 1024;
const withCode = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describeWithPeer(missingCommand('openssl', ['version']))('tcp door: TLS', () => {
  let folder: string;
  let certificates: TestCertificates;
  let server: TestTcpDoor | undefined;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvnest-tcp-tls-'));
    certificates = makeCertificates(folder);
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const files = (
    changes: Partial<NonNullable<TcpDoorLimits['tls']>> = {},
  ): NonNullable<TcpDoorLimits['tls']> => ({
    cert: certificates.server.certificate,
    key: certificates.server.key,
    clientCa: undefined,
    ...changes,
  });
  const start = async (changes = {}, limits: Partial<TcpDoorLimits> = {}): Promise<TestTcpDoor> =>
    (server = await createTestTcpDoor({ arenaBytes: 64 * MIB, limits: { ...limits, tls: files(changes) } }));
  const trusting = (): { ca: Buffer } => ({ ca: readFileSync(certificates.authority) });

  it('carries values both ways, small and large, pipelined', async () => {
    const { port } = await start();
    using client = await TcpTestClient.open(port, { tls: trusting() });
    const sizes = [0, 1, 5000, MIB, 8 * MIB + 3];
    for (const size of sizes) {
      expect((await client.put(`${size}`, chunkBytes(size, size))).outcome).toBe('stored');
    }
    const requests = sizes.map((size) => client.request(PATTERNS.GET, keyList([`${size}`])));
    for (const [i, size] of sizes.entries()) {
      expectBytes((await client.reply(requests[i]!)).body, chunkBytes(size, size));
    }
    await expectEventually(() => server!.references() === 0);
  });

  it('holds a bounded number of chunks for a slow reader', async () => {
    const { port } = await start();
    using client = await TcpTestClient.open(port, { tls: trusting() });
    for (let i = 0; i < 12; i++) await client.put(`${i}`, chunkBytes(4 * MIB, i));
    client.socket.pause();
    const keys = Array.from({ length: 12 }, (_, i) => `${i}`);
    const request = client.request(PATTERNS.GET, keyList(keys));
    await expectEventually(() => server!.counter('commands') === 13);
    expect(server!.references()).toBeLessThanOrEqual(6);
    client.socket.resume();
    const replies = await client.replies(request);
    replies.forEach(({ body }, i) => expectBytes(body, chunkBytes(4 * MIB, i)));
  });

  it('gives back what a client leaves that goes in the midst of a value', async () => {
    const { port } = await start();
    using client = await TcpTestClient.open(port, { tls: trusting() });
    const header = keyList(['none']);
    client.request(PATTERNS.EXISTS, header);
    client.request(PATTERNS.PUT, Buffer.concat([Buffer.alloc(8), Buffer.from([0, 0, 0, 0])]));
    await client.replies(2);
    const put = await TcpTestClient.open(port, { tls: trusting() });
    void put.put('a', Buffer.alloc(2 * MIB)).catch(() => undefined);
    await expectEventually(() => server!.counter('commands') === 3);
    put[Symbol.dispose]();
    await expectEventually(() => server!.door.doorStatus().connections === 1 && server!.references() === 0);
  });

  it('asks for a certificate where it has an authority for clients', async () => {
    const { port } = await start({ clientCa: certificates.authority });
    using client = await TcpTestClient.open(port, {
      tls: clientOptions(certificates),
    });
    expect(await client.flags(PATTERNS.EXISTS, ['a'])).toEqual([0]);
    await expect(TcpTestClient.open(port, { tls: trusting() })).rejects.toThrow();
    await expectEventually(() => server!.counter('protocol_errors') === 1);
  });

  it('answers nobody who speaks without it, and is not stopped by him', async () => {
    const { port } = await start();
    const plain = connect(port, '127.0.0.1');
    plain.on('error', () => undefined);
    const closed = new Promise((resolve) => plain.once('close', resolve));
    plain.write('KVN1'.repeat(100));
    await closed;
    using client = await TcpTestClient.open(port, { tls: trusting() });
    expect(await client.flags(PATTERNS.EXISTS, ['a'])).toEqual([0]);
  });

  it('ends while somebody is in the midst of a handshake', async () => {
    const { port } = await start();
    const plain = connect(port, '127.0.0.1');
    plain.on('error', () => undefined);
    const closed = once(plain, 'close');
    await new Promise((resolve) => plain.once('connect', resolve));
    await server?.close();
    server = undefined;
    await expect(closed).resolves.toBeDefined();
  });

  it('counts who is in the midst of a handshake as a client', async () => {
    const { port } = await start({}, { maxConnections: 1 });
    const plain = connect(port, '127.0.0.1');
    plain.on('error', () => undefined);
    await new Promise((resolve) => plain.once('connect', resolve));
    await expect(TcpTestClient.open(port, { tls: trusting() })).rejects.toThrow();
    plain.destroy();
    await expectEventually(() => server!.counter('connections_refused') === 1);
  });

  it('says which file cannot be read', async () => {
    await expect(start({ key: join(folder, 'absent.key') })).rejects.toEqual(
      withCode('KV_CONFIG_TLS', /doors\.tcp\.tls_key.*absent\.key.*ENOENT/),
    );
    await expect(start({ clientCa: folder })).rejects.toEqual(withCode('KV_CONFIG_TLS', /tls_client_ca/));
  });

  it('says that files do not fit together, or are none of their kind', async () => {
    const rubbish = join(folder, 'rubbish');
    writeFileSync(rubbish, 'rubbish');
    await expect(start({ cert: rubbish })).rejects.toEqual(withCode('KV_CONFIG_TLS', /tls_cert/));
    await expect(start({ key: certificates.client.key })).rejects.toEqual(withCode('KV_CONFIG_TLS', /fit/));
  });
});
