import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { MooncakeRequests } from './mooncake-request.js';
import { MOONCAKE_SCHEMAS } from './mooncake-schema.js';
import {
  hasCompatibleFields,
  parseCode,
  parseCodes,
  parseFlags,
  parsePutStart,
  parsePutStartMany,
  parseReplicaLists,
  parseVersion,
} from './mooncake-reply.js';
import { isAbsent, isFull, isNotLeading, MOONCAKE_CODES } from './mooncake-codes.js';
import { encodeRpcRequest, type MasterMethod, RPC_ERRORS, RpcReplyParser } from './rpc-frame.js';
import { md5Start, packValue, unpackValue } from './struct-pack.js';
import {
  encodeHandshake,
  encodeTransfer,
  HANDSHAKE_HEADER_BYTES,
  MAX_HANDSHAKE_BYTES,
  parseHandshake,
  parseTransferStatus,
  TRANSFER_STATUS_BYTES,
} from './transfer-frame.js';

interface Line {
  readonly v: string;
  readonly op: string;
  readonly dir: 'req' | 'rsp';
  readonly fn?: MasterMethod;
  readonly hex: string;
}

const REQUEST_HEADER_BYTES = 20;
const REPLY_HEADER_BYTES = 16;

const path = new URL('../../../test/vectors/mooncake-transcript.jsonl', import.meta.url);
const lines = readFileSync(path, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);
const bytesOf = ({ hex }: Line): Buffer => Buffer.from(hex, 'hex');
const ofMaster = lines.filter(({ fn }) => fn !== undefined);
const requests = ofMaster.filter(({ dir }) => dir === 'req');
const replies = ofMaster.filter(({ dir }) => dir === 'rsp');
const transfers = lines.filter(({ fn }) => fn === undefined);

/** The frame as we write it, with a body that was written anew, too. */
function again(line: Line): Buffer {
  const bytes = bytesOf(line);
  const headerBytes = line.dir === 'req' ? REQUEST_HEADER_BYTES : REPLY_HEADER_BYTES;
  const body = bytes.subarray(headerBytes);
  if (body.length === 0) return bytes;
  const packed = unpackValue(body);
  if (packed === undefined) return Buffer.alloc(0);
  const { literal, value, compatible, hasCompatible } = packed;
  const written = packValue(literal, value, { compatible: hasCompatible ? compatible : undefined });
  return Buffer.concat([bytes.subarray(0, headerBytes), written]);
}

function only(found: readonly Line[]): Buffer {
  expect(found).toHaveLength(1);
  return bytesOf(found[0] as Line);
}

describe("every line of the recorded traffic of Mooncake's clients", () => {
  it('is there', () => {
    expect([requests.length, replies.length, transfers.length]).toEqual([99, 99, 10]);
  });

  it.each(ofMaster.map((line) => [line.v, line.dir, line.fn, line.op, line] as const))(
    'is read whole, and written again to the same bytes: %s %s %s, %s',
    (_v, _dir, _fn, _op, line) => {
      expect(again(line).toString('hex')).toBe(line.hex);
    },
  );

  it.each(requests.map((line) => [line.v, line.fn, line.op, line] as const))(
    'has the header that is written here: %s %s, %s',
    (_v, _fn, _op, line) => {
      const bytes = bytesOf(line);
      const body = bytes.subarray(REQUEST_HEADER_BYTES);
      expect(encodeRpcRequest(bytes.readUInt32LE(4), line.fn as MasterMethod, body).equals(bytes)).toBe(true);
    },
  );

  it.each([1, 7, 1_000_000])('comes out of a stream that is cut into pieces of %i bytes', (pieceBytes) => {
    const stream = Buffer.concat(replies.map(bytesOf));
    const parser = new RpcReplyParser();
    const bodies: string[] = [];
    for (let at = 0; at < stream.length; at += pieceBytes) {
      const { replies: whole, problem } = parser.push(stream.subarray(at, at + pieceBytes));
      expect(problem).toBeUndefined();
      bodies.push(...whole.map(({ body }) => body.toString('hex')));
    }
    expect(bodies).toEqual(replies.map(({ hex }) => hex.slice(2 * REPLY_HEADER_BYTES)));
  });
});

describe.each([
  ['0.3.12', '0.3.12.post1'],
  ['0.3.13', '0.3.13.post1'],
  ['0.3.14', '0.3.14'],
] as const)('requests in the schema of %s', (release, recorded) => {
  const schema = MOONCAKE_SCHEMAS.find((row) => row.release === release)!;
  const ofRelease = requests.filter(({ v }) => v === recorded);

  it.each([
    ['BatchExistKey', 'batch exist', (make: MooncakeRequests) => make.existMany(['kv/a', 'kv/none', 'kv/b'])],
    [
      'BatchGetReplicaList',
      'batch get',
      (make: MooncakeRequests) => make.replicasOfMany(['b/0', 'b/1', 'b/none']),
    ],
    [
      'PutStart',
      'put 27 bytes, 1 replica',
      (make: MooncakeRequests) => make.putStart({ name: 'kv/a', lengthBytes: 27 }, 1),
    ],
    [
      'BatchPutStart',
      'batch put',
      (make: MooncakeRequests) =>
        make.putStartMany(
          [
            { name: 'b/0', lengthBytes: 64 },
            { name: 'b/1', lengthBytes: 4096 },
          ],
          1,
        ),
    ],
    ['BatchPutEnd', 'batch put', (make: MooncakeRequests) => make.putEndMany(['b/0', 'b/1'])],
    ['PutRevoke', 'put revoke', (make: MooncakeRequests) => make.putRevoke('kv/revoke')],
  ] as const)('are those of the stock client: %s', (fn, op, make) => {
    const bytes = only(ofRelease.filter((line) => line.fn === fn && line.op === op));
    const body = bytes.subarray(REQUEST_HEADER_BYTES);
    const clientId = clientOf(body);
    const made = make(new MooncakeRequests(schema, { clientId, tenant: 'default' }));
    expect(made.toString('hex')).toBe(body.toString('hex'));
  });
});

/** The first field of a request, where that is a client. */
function clientOf(body: Buffer): Buffer {
  const value = unpackValue(body)?.value;
  const [client] = Array.isArray(value) ? (value as unknown[]) : [];
  const bytes = Buffer.alloc(16);
  if (!Array.isArray(client) || typeof client[0] !== 'bigint') return bytes;
  for (const [i, half] of (client as bigint[]).entries()) bytes.writeBigUInt64LE(half, 8 * i);
  return bytes;
}

describe('replies of the master', () => {
  const bodyOf = (v: string, fn: string, op: string): Buffer =>
    only(replies.filter((line) => line.v === v && line.fn === fn && line.op === op)).subarray(
      REPLY_HEADER_BYTES,
    );
  const post1 = '0.3.13.post1';

  it('say where objects are, and how long they stay there', () => {
    const replica = {
      lengthBytes: 64,
      address: 0x7f2b10041000n,
      protocol: 'tcp',
      endpoint: '127.0.0.1:15387',
      isComplete: true,
    };
    const other = { ...replica, lengthBytes: 4096, address: 0x7f2b10045000n };
    expect(parseReplicaLists(bodyOf(post1, 'BatchGetReplicaList', 'batch get'))).toEqual([
      { replicas: [{ ...replica, address: expect.anything() }], leaseMs: 10_000 },
      { replicas: [{ ...other, address: expect.anything() }], leaseMs: 10_000 },
      { code: -704 },
    ]);
    expect(parsePutStartMany(bodyOf('0.3.14', 'BatchPutStart', 'batch put'))).toMatchObject([
      [{ lengthBytes: 64, isComplete: false }],
      [{ lengthBytes: 4096, isComplete: false }],
    ]);
  });

  it('say what did not work', () => {
    expect(parsePutStart(bodyOf(post1, 'PutStart', 'put existing key'))).toEqual({
      code: MOONCAKE_CODES.OBJECT_ALREADY_EXISTS,
    });
    expect(parseFlags(bodyOf(post1, 'BatchExistKey', 'batch exist'))).toEqual([true, false, true]);
    expect(parseCodes(bodyOf(post1, 'BatchPutEnd', 'batch put'))).toEqual([0, 0]);
    expect(parseCode(bodyOf('0.3.14', 'PutRevoke', 'put revoke'))).toBe(0);
  });

  it('say of which release they are', () => {
    const version = replies.find(({ fn }) => fn === 'ServiceReady') as Line;
    expect(parseVersion(bytesOf(version).subarray(REPLY_HEADER_BYTES))).toBe('2.0.0');
    expect(hasCompatibleFields(bodyOf(post1, 'PutStart', 'put existing key'))).toBe(false);
    expect(hasCompatibleFields(bodyOf('0.3.14', 'PutStart', 'put 27 bytes, 1 replica'))).toBe(true);
  });

  it('tell a request of another schema, and a method that there is not', () => {
    const parser = new RpcReplyParser();
    const hex = Buffer.from('150004000100000005000000000000000102030405', 'hex');
    expect(parser.push(hex).replies).toMatchObject([{ errorCode: RPC_ERRORS.INVALID_ARGUMENT, sequence: 1 }]);
    expect(parser.push(Buffer.from('15000b00020000000000000000000000', 'hex')).replies).toMatchObject([
      { errorCode: RPC_ERRORS.UNKNOWN_FUNCTION, sequence: 2 },
    ]);
  });

  it.each([
    ['HTTP', Buffer.from('HTTP/1.1 200 OK'), 'a frame that is none'],
    [
      'a reply that is too long',
      Buffer.from('150000000000000000000080000000ff', 'hex'),
      'a reply of 6425673744 bytes',
    ],
  ])('are none: %s', (_, bytes, problem) => {
    expect(new RpcReplyParser().push(bytes)).toEqual({ replies: [], problem });
  });

  it('have codes for what is not there, for no room, and for a master that does not lead', () => {
    expect([-703, -704, -707, -712, -705, 0].map(isAbsent)).toEqual([true, true, true, true, false, false]);
    expect([-200, -1700, -600].map(isFull)).toEqual([true, true, false]);
    expect([-1010, -1011, -1012].map(isNotLeading)).toEqual([true, true, false]);
  });

  it('are none when a byte is missing, and never throw when bits have changed', () => {
    for (const line of replies) {
      const body = bytesOf(line).subarray(REPLY_HEADER_BYTES);
      expect(unpackValue(body.subarray(0, -1))?.hasCompatible ?? true).toBe(true);
      for (let bit = 0; bit < 8 * body.length; bit++) {
        const changed = Buffer.from(body);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        parseReplicaLists(changed);
        parsePutStartMany(changed);
        parseCodes(changed);
      }
    }
  });
});

describe('transfers', () => {
  const find = (op: string, dir: string): Buffer =>
    only(transfers.filter((line) => line.op === op && line.dir === dir));
  const range = { address: 0x7f4141000000n, lengthBytes: 32 };
  const payload = Buffer.from('mooncake-'.repeat(4)).subarray(0, 32);

  it('begin with a handshake', () => {
    expect(encodeHandshake('node-probe').toString('hex')).toBe(
      find('te handshake (P2PHANDSHAKE metadata)', 'req').toString('hex'),
    );
    const reply = find('te handshake (P2PHANDSHAKE metadata)', 'rsp');
    expect(Number(reply.readBigUInt64LE(0))).toBe(reply.length - HANDSHAKE_HEADER_BYTES);
    expect(reply.length).toBeLessThan(MAX_HANDSHAKE_BYTES);
    expect(parseHandshake(reply.subarray(HANDSHAKE_HEADER_BYTES))).toEqual({
      dataPort: 15_738,
      dataHost: '127.0.0.1',
      version: 2,
      segmentBytes: 268_435_456,
    });
  });

  it('are the recorded ones', () => {
    const write = Buffer.concat([encodeTransfer('write', range, 2), payload]);
    expect(write.equals(find('te tcp WRITE v2 32 bytes', 'req'))).toBe(true);
    expect(encodeTransfer('read', range, 2).equals(find('te tcp READ v2 32 bytes', 'req'))).toBe(true);
    expect(encodeTransfer('read', range, 1).equals(find('te tcp READ v1 32 bytes', 'req'))).toBe(true);
    const outside = { address: 1n, lengthBytes: 32 };
    expect(
      encodeTransfer('read', outside, 2).equals(find('te tcp READ v2 address outside segment', 'req')),
    ).toBe(true);
    expect(parseTransferStatus(find('te tcp WRITE v2 32 bytes', 'rsp'))).toBe(0);
    expect(parseTransferStatus(find('te tcp READ v2 address outside segment', 'rsp'))).toBe(1);
    expect(parseTransferStatus(payload)).toBeUndefined();
    const read = find('te tcp READ v2 32 bytes', 'rsp');
    expect(parseTransferStatus(read)).toBe(0);
    expect(read.subarray(TRANSFER_STATUS_BYTES).equals(payload)).toBe(true);
    expect(find('te tcp READ v1 32 bytes', 'rsp').equals(payload)).toBe(true);
  });

  it.each([
    ['no JSON', Buffer.from('\u0001{')],
    ['another kind of message', Buffer.from('\u0002{"tcp_data_port":5}')],
    ['nothing', Buffer.alloc(0)],
    ['no port', Buffer.from('\u0001{"buffers":[]}')],
    ['a port that is none', Buffer.from('\u0001{"tcp_data_port":70000}')],
    ['null', Buffer.from('\u0001null')],
  ])('are not begun with %s', (_, bytes) => {
    expect(parseHandshake(bytes)).toBeUndefined();
  });

  it('go without acknowledgement where the owner knows none', () => {
    expect(parseHandshake(Buffer.from('\u0001{"tcp_data_port":5,"buffers":[null,{"length":7}]}'))).toEqual({
      dataPort: 5,
      dataHost: undefined,
      version: 1,
      segmentBytes: 7,
    });
  });
});

describe('values of struct_pack', () => {
  const texts = Buffer.from('84800c', 'hex');

  it.each([255, 256, 65_535, 65_536])('have lengths as wide as the longest needs: %i', (length) => {
    for (const value of [['x'.repeat(length)], Array.from({ length }, () => '')]) {
      expect(unpackValue(packValue(texts, value))?.value).toEqual(value);
    }
  });

  it('say how long they are with fields behind them, in 2 bytes or in 4', () => {
    for (const length of [10, 65_000, 70_000]) {
      const compatible = Buffer.alloc(4, 1);
      const bytes = packValue(texts, ['x'.repeat(length)], { compatible });
      const totalBits = bytes.readUInt8(4) & 3;
      expect(bytes.readUIntLE(5, 2 * totalBits)).toBe(bytes.length);
      expect(unpackValue(bytes)).toMatchObject({ hasCompatible: true, compatible });
    }
  });

  it.each<[string, string]>([
    ['a list of lists of nothing', '8484fdff'],
    ['a list of structs with much nothing in them', `84fd${'fa'.repeat(200)}ff`],
    ['a type that is longer than any', `84fd${'fa'.repeat(5_000)}ff`],
  ])('are none when there is more than their bytes can mean: %s', (_, hex) => {
    const literal = Buffer.from(hex, 'hex');
    const lengths = Buffer.alloc(2 * 4_001);
    for (let i = 0; i <= 4_000; i++) lengths.writeUInt16LE(4_000 - i, 2 * i);
    const head = Buffer.alloc(7);
    head.writeUInt32LE((md5Start(literal) | 1) >>> 0);
    // A literal, lengths of 2 bytes, and whatever else behind the value.
    head.writeUInt8(0x0d, 4);
    expect(unpackValue(Buffer.concat([head, literal, Buffer.alloc(1), lengths]))).toBeUndefined();
  });

  it('are not written with a type that is none', () => {
    expect(() => packValue(Buffer.from('99', 'hex'), 1)).toThrow(
      expect.objectContaining({ code: 'KV_INPUT_MOONCAKE' }),
    );
  });
});
