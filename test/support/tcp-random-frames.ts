import {
  encodeFrame,
  encodeJsonFrame,
  FRAME_TYPES,
  type FrameFields,
  PREAMBLE,
} from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { type SeededRandom } from './seeded-random.js';
import { keyList, putList } from './tcp-client.js';

const KEYS = Array.from({ length: 24 }, (_, index) => `key-${index}`);
const NAMES = ['echo', 'count', 'nothing', 'failure', 'no.such', 'peer.hello', { cmd: 'echo' }, 7, null];

/** One frame, with its body. */
export interface RandomFrame {
  readonly requestId: number;
  readonly bytes: Buffer;
}

/** What the client says first. */
export function hello(fields: object = { version: 1, client: 'random' }): Buffer {
  return Buffer.concat([PREAMBLE, encodeJsonFrame({ type: FRAME_TYPES.HELLO }, fields)]);
}

/** A request that the protocol allows. Many of them cannot be fulfilled. */
export function randomRequest(random: SeededRandom, requestId: number): RandomFrame {
  const make = random.pick([
    byKey,
    byKey,
    byKey,
    get,
    get,
    put,
    put,
    put,
    lookup,
    retrieve,
    store,
    named,
    locate,
    release,
    summary,
  ]);
  const { pattern, header, body = Buffer.alloc(0) } = make(random);
  const timeoutMs = random.chance(0.03) ? 1 + random.below(3) : random.chance(0.1) ? 60_000 : 0;
  const fields = { type: FRAME_TYPES.REQUEST, pattern, requestId, timeoutMs, bodyBytes: body.length };
  return { requestId, bytes: Buffer.concat([encodeFrame(fields, header), body]) };
}

/** A stream without an end: it goes on until it is cancelled, its time is over or the connection is. */
export function endlessRequest(random: SeededRandom, requestId: number): Buffer {
  const timeoutMs = random.chance(0.3) ? 1 + random.below(10) : 0;
  const fields = { type: FRAME_TYPES.REQUEST, pattern: PATTERNS.NAMED, requestId, timeoutMs };
  return encodeJsonFrame(fields, { pattern: 'endless' });
}

/** A frame that is none, or has its parts wrong, or breaks off. Some are harmless by chance. */
export function spoiltFrame(random: SeededRandom, requestId: number): Buffer {
  const { bytes } = randomRequest(random, requestId);
  return random.pick<() => Buffer>([
    () => changed(bytes, random),
    () => changed(changed(bytes, random), random),
    () => bytes.subarray(0, random.below(bytes.length)),
    () => Buffer.concat([bytes, random.bytes(1 + random.below(40))]),
    () => random.bytes(1 + random.below(200)),
    () => withLengths(bytes, { headerBytes: random.below(2 ** 32) }),
    () => withLengths(bytes, { headerBytes: bytes.readUInt32LE(8) + 1 + random.below(10) }),
    () => withLengths(bytes, { bodyHigh: random.below(2 ** 32) }),
    () => withLengths(bytes, { bodyLow: random.below(2 ** 32) }),
    () => withLengths(bytes, { bodyLow: bytes.readUInt32LE(16) + 1 }),
    () => encodeFrame(randomFields(random), random.bytes(random.below(30))),
    () => deep(random, requestId),
  ])();
}

/** What a client says that was not let in. */
export function spoiltHello(random: SeededRandom): Buffer {
  return random.pick<() => Buffer>([
    () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    () => Buffer.from('KVN2'),
    () => random.bytes(64),
    () => changed(hello(), random),
    () => hello().subarray(0, random.below(hello().length)),
    () => hello({ version: random.pick([0, 2, '1', null]) }),
    () => hello({ client: 'x'.repeat(100_000) }),
    () => Buffer.concat([PREAMBLE, randomRequest(random, 1).bytes]),
  ])();
}

interface Asked {
  readonly pattern: number;
  readonly header: Buffer;
  readonly body?: Buffer;
}

function byKey(random: SeededRandom): Asked {
  const pattern = random.pick([PATTERNS.EXISTS, PATTERNS.DELETE, PATTERNS.PIN, PATTERNS.UNPIN]);
  const option = pattern === PATTERNS.EXISTS ? random.below(8) : pattern === PATTERNS.PIN ? 1 : 0;
  return { pattern, header: keyList(someKeys(random, 0), option, random.below(2)) };
}

function get(random: SeededRandom): Asked {
  return { pattern: PATTERNS.GET, header: keyList(someKeys(random, 1), random.below(4), random.below(2)) };
}

function locate(random: SeededRandom): Asked {
  const header = keyList(someKeys(random, 0), random.below(5), random.below(2));
  return { pattern: PATTERNS.LOCATE, header };
}

function release(random: SeededRandom): Asked {
  return { pattern: PATTERNS.RELEASE, header: random.bytes(8 * (1 + random.below(3))) };
}

function summary(random: SeededRandom): Asked {
  const version = random.chance(0.5) ? Buffer.alloc(12) : random.bytes(12);
  const wait = Buffer.alloc(random.pick([0, 0, 4]), random.below(30));
  wait.fill(0, 1);
  return { pattern: PATTERNS.SUMMARY, header: Buffer.concat([version, wait]) };
}

function put(random: SeededRandom): Asked {
  const entries = someKeys(random, 0).map((key) => ({
    key,
    lengthBytes: random.chance(0.02) ? random.below(300_000) : random.below(3000),
    metadata: random.bytes(random.below(20)),
    ttlMs: random.below(2) * 60_000,
    expiresAtMs: random.chance(0.05) ? random.below(2 ** 32) : undefined,
    depth: random.chance(0.2) ? random.below(100) : undefined,
    checksum: random.chance(0.1) ? random.below(2 ** 32) : undefined,
  }));
  const options = { ack: random.pick(['memory', 'all'] as const), onlyIfAbsent: random.chance(0.2) };
  const body = Buffer.alloc(
    entries.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    'v',
  );
  return {
    pattern: PATTERNS.PUT,
    header: putList(entries, { ...options, namespace: random.below(2) }),
    body,
  };
}

function lookup(random: SeededRandom): Asked {
  return ofPrefix(PATTERNS.LOOKUP, random, random.chance(0.2) ? { pin_ms: 1 } : {});
}

function retrieve(random: SeededRandom): Asked {
  return ofPrefix(PATTERNS.RETRIEVE, random);
}

function store(random: SeededRandom): Asked {
  const chunks = Array.from({ length: random.below(3) }, (_, index) => ({
    index: random.chance(0.05) ? 100 : index,
    length: random.below(2000),
    ...(random.chance(0.05) ? { checksum: '00000000' } : {}),
    ...(random.chance(0.05) ? { metadata: '?' } : {}),
  }));
  const bytes = Buffer.alloc(
    chunks.reduce((sum, { length }) => sum + length, 0),
    's',
  );
  return ofPrefix(PATTERNS.STORE, random, { chunks }, bytes);
}

function ofPrefix(pattern: number, random: SeededRandom, more: object = {}, rest = Buffer.alloc(0)): Asked {
  const tokens = Buffer.alloc(4 * random.pick([0, 1, 16, 40, 64]), random.below(3));
  const model = random.chance(0.05) ? {} : { model: random.pick(['m', 'n', 'a@b']) };
  const header = { ...model, tokens: tokens.length / 4, ...more };
  return { pattern, header: Buffer.from(JSON.stringify(header)), body: Buffer.concat([tokens, rest]) };
}

function named(random: SeededRandom): Asked {
  const data = random.pick([null, 3, 'text', { a: [1, 2] }, [], true, { version: 1 }, { version: ['1'] }]);
  const header = Buffer.from(JSON.stringify({ pattern: random.pick(NAMES), data }));
  return { pattern: PATTERNS.NAMED, header };
}

function someKeys(random: SeededRandom, least: number): readonly string[] {
  return Array.from({ length: least + random.below(4) }, () => random.pick(KEYS));
}

function changed(bytes: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(bytes);
  copy[random.below(Math.min(copy.length, 120))] = random.below(256);
  return copy;
}

function withLengths(
  bytes: Buffer,
  lengths: { readonly headerBytes?: number; readonly bodyLow?: number; readonly bodyHigh?: number },
): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(lengths.headerBytes ?? copy.readUInt32LE(8), 8);
  copy.writeUInt32LE(lengths.bodyLow ?? copy.readUInt32LE(16), 16);
  copy.writeUInt32LE(lengths.bodyHigh ?? copy.readUInt32LE(20), 20);
  return copy;
}

function randomFields(random: SeededRandom): FrameFields {
  return {
    type: random.pick(Object.values(FRAME_TYPES)),
    pattern: random.below(15),
    flags: random.below(3),
    requestId: random.below(20),
    bodyBytes: random.below(3),
  };
}

/** JSON that is nested deeper than a stack is. */
function deep(random: SeededRandom, requestId: number): Buffer {
  const levels = random.pick([10, 50_000]);
  const header = Buffer.from(`{"pattern":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`);
  return encodeFrame({ type: FRAME_TYPES.REQUEST, pattern: PATTERNS.NAMED, requestId }, header);
}
