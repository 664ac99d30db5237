import { type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SegmentOwners } from '../../src/connectors/mooncake/owners/segment-owners.js';
import { type TransferConnection } from '../../src/connectors/mooncake/owners/transfer-connection.js';
import { type MemoryReplica } from '../../src/protocols/mooncake/mooncake-reply.js';
import {
  handshake,
  MooncakeScriptedOwner,
  type OwnerScript,
} from '../support/mooncake/mooncake-scripted-owner.js';
import { RecordingLogger } from '../support/recording-logger.js';

const OK = Buffer.from('000000005654434d', 'hex');
const NO = Buffer.from('010000005654434d', 'hex');
const LENGTH = 1_000;
const PATIENCE_MS = 300;

/** No real owner can be made to do so: these are scripted. */
describe('An owner of memory that', () => {
  const logger = new RecordingLogger();
  let owner: MooncakeScriptedOwner;
  let owners: SegmentOwners;
  let replica: MemoryReplica;

  async function begin(script: OwnerScript): Promise<void> {
    owner = await MooncakeScriptedOwner.start(script);
    logger.lines.length = 0;
    owners = new SegmentOwners({
      label: 'mooncakestore://test',
      connections: 1,
      connectTimeoutMs: PATIENCE_MS,
      silenceMs: PATIENCE_MS,
      banMs: 60_000,
      metadataServer: undefined,
      logger,
    });
    const { endpoint } = owner;
    replica = { lengthBytes: LENGTH, address: 4_096n, protocol: 'tcp', endpoint, isComplete: true };
  }

  const read = (): Promise<Buffer | false | undefined> => {
    const bytes = Buffer.alloc(LENGTH);
    let filled = 0;
    const target = {
      target: (maxBytes: number) => bytes.subarray(filled, filled + maxBytes),
      advance: (count: number) => void (filled += count),
    };
    const fetch = async (connection: TransferConnection): Promise<Buffer | false> =>
      (await connection.read(replica, target)) && bytes;
    return owners.read(replica, fetch);
  };

  afterEach(async () => {
    owners.close();
    await owner[Symbol.asyncDispose]();
  });

  it.each<[string, (socket: Socket) => void]>([
    ['is a web server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['says something too long', (socket) => socket.write(Buffer.alloc(8, 0xff))],
    ['says something else', (socket) => socket.write(handshake({ tcp_data_port: 1 }, 2))],
    ['says what is no JSON', (socket) => socket.write(handshake('{'))],
    ['says null', (socket) => socket.write(handshake('null'))],
    ['names no port', (socket) => socket.write(handshake({ buffers: [null] }))],
    ['names a port that there is not', (socket) => socket.write(handshake({ tcp_data_port: 0 }))],
    ['says nothing at all', (socket) => socket.write(Buffer.alloc(8))],
    ['hangs up', (socket) => socket.end(Buffer.alloc(3))],
    ['hangs', () => undefined],
    [
      'says a byte now and then',
      (socket) => {
        const timer = setInterval(() => socket.write('.'), PATIENCE_MS / 5);
        socket.on('close', () => clearInterval(timer));
      },
    ],
    ['sends us where nobody listens', (socket) => socket.write(handshake({ tcp_data_port: 1 }))],
    [
      'sends us to nobody',
      (socket) => socket.write(handshake({ tcp_data_port: 1, tcp_data_host: 'nobody.invalid' })),
    ],
  ])('%s when it is asked how it is reached: is left alone, and one line says so', async (_, onHandshake) => {
    await begin({ onHandshake });
    expect(await read()).toBeUndefined();
    expect(owners.isReachable(replica)).toBe(false);
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it.each<[string, Buffer, boolean]>([
    ['a status that is none', Buffer.from('nonsense'), false],
    ['nothing behind its status', OK, false],
    ['half a status', OK.subarray(0, 4), false],
    ['nothing', Buffer.alloc(0), false],
    ['more than was asked for', Buffer.concat([OK, Buffer.alloc(LENGTH + 20, 7)]), true],
  ])('answers a read with %s: is left alone', async (_, bytes, isWhole) => {
    await begin({ onTransfer: (socket) => socket.write(bytes) });
    expect(await read()).toEqual(isWhole ? Buffer.alloc(LENGTH, 7) : undefined);
    expect(await read()).toBeUndefined();
    expect(owners.isReachable(replica)).toBe(false);
  });

  it.each<[string, Buffer, false | undefined]>([
    ['hangs up', OK.subarray(0, 5), undefined],
    ['hangs up in the midst of the bytes', Buffer.concat([OK, Buffer.alloc(500)]), undefined],
    ['has no such range', NO, false],
  ])('%s when it is read: is asked again', async (_, bytes, expected) => {
    await begin({ onTransfer: (socket) => socket.end(bytes) });
    expect(await read()).toBe(expected);
    expect(owners.isReachable(replica)).toBe(true);
  });

  it('answers byte by byte is understood', async () => {
    const answer = Buffer.concat([OK, Buffer.alloc(LENGTH, 7)]);
    const send = async (socket: Socket): Promise<void> => {
      for (let at = 0; at < answer.length; at += at < 20 ? 1 : 400) {
        socket.write(answer.subarray(at, at < 20 ? at + 1 : at + 400));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await begin({ onTransfer: (socket) => void send(socket.setNoDelay(true)) });
    expect(await read()).toEqual(Buffer.alloc(LENGTH, 7));
  });

  it.each<[string, Buffer, string]>([
    ['that it has everything', OK, 'unknown'],
    ['that it has everything, twice', Buffer.concat([OK, OK]), 'unknown'],
    ['nonsense', Buffer.from('nonsense'), 'unknown'],
    ['that it has no such range', NO, 'gone'],
  ])('says before all has come %s: has not got it', async (_, bytes, end) => {
    await begin({ onTransfer: (socket) => socket.pause().write(bytes) });
    replica = { ...replica, lengthBytes: 32 * 2 ** 20 };
    expect(await owners.write(replica, [Buffer.alloc(32 * 2 ** 20)])).toBe(end);
  });

  it('is sent nothing when the memory is not to be written any more', async () => {
    let transfers = 0;
    await begin({ onTransfer: () => (transfers += 1) });
    expect(await owners.write(replica, [Buffer.alloc(LENGTH)], () => false)).toBe('gone');
    expect(await read()).toBeUndefined();
    // The read that was not answered came first on the connection.
    expect(transfers).toBe(1);
  });
});
