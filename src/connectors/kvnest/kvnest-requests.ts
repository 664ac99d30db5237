import { type ServerHello } from '../../client/wire/hello.js';
import { makeJsonRequest, makeRequest, type WireRequest } from '../../client/wire/request.js';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { frameError } from '../../protocols/kvnest-tcp/frame.js';
import {
  EXISTS_OPTIONS,
  GET_OPTIONS,
  keyListBytes,
  writeKeyList,
} from '../../protocols/kvnest-tcp/key-list.js';
import { PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';
import { encodePutList } from '../../protocols/kvnest-tcp/put-list.js';
import { type PutOutcome, readPutAnswers } from '../../protocols/kvnest-tcp/replies.js';
import { type KeyPart, type NamedKey } from './named-keys.js';

export interface ExistsQuestion {
  /** A chunk that carries no metadata does not count. */
  readonly withMetadata: boolean;
  /** Servers answer from tiers that no other server sees. */
  readonly localOnly: boolean;
  /** Servers keep what is there, until it is read or their time for that is up. */
  readonly lease: boolean;
}

export function existsRequest(
  part: Omit<KeyPart, 'server'>,
  { withMetadata, localOnly, lease }: ExistsQuestion,
): WireRequest {
  const { LEASE, WITH_METADATA, LOCAL } = EXISTS_OPTIONS;
  const option = (lease ? LEASE : 0) | (withMetadata ? WITH_METADATA : 0) | (localOnly ? LOCAL : 0);
  return keysRequest(PATTERNS.EXISTS, part, option);
}

/** Expiry and depth come back, too. */
export function getRequest(part: Omit<KeyPart, 'server'>, localOnly: boolean): WireRequest {
  const { ATTRIBUTES, LOCAL } = GET_OPTIONS;
  return keysRequest(PATTERNS.GET, part, localOnly ? ATTRIBUTES | LOCAL : ATTRIBUTES);
}

export function deleteRequest(part: Omit<KeyPart, 'server'>): WireRequest {
  return keysRequest(PATTERNS.DELETE, part, 0);
}

/** The bytes are sent from where they lie. It is not sent again once it is sent to its end: nobody keeps them so long. */
export function putRequest({ key, name }: NamedKey, chunk: ArenaHandle): WireRequest {
  const { lengthBytes, checksum, metadata, views, attributes } = chunk;
  const { expiresAtMs, depth } = attributes;
  const header = encodePutList({
    namespace: key.namespace,
    ack: 'memory',
    onlyIfAbsent: false,
    entries: [
      {
        key: name,
        lengthBytes,
        ttlMs: 0,
        expiresAtMs: expiresAtMs === 0 ? undefined : Math.floor(expiresAtMs),
        checksum,
        metadata,
        depth: depth === -1 ? undefined : depth,
      },
    ],
  });
  return makeRequest(
    { pattern: PATTERNS.PUT, isIdempotent: false, body: views },
    header.length,
    (frame, offset) => frame.set(header, offset),
  );
}

export function scanRequest(cursor: string, count: number): WireRequest {
  const data = { count, ...(cursor !== '' && { cursor }) };
  return makeJsonRequest({ pattern: PATTERNS.NAMED, isIdempotent: true }, { pattern: 'kv.scan', data });
}

/** @returns what reads one byte for each key: 0 = no. */
export function flagsOf({ keys }: Pick<KeyPart, 'keys'>): (header: Buffer) => readonly boolean[] {
  return (header) => {
    if (header.length !== keys.length) throw frameError(`${header.length} answers for ${keys.length} keys`);
    return Array.from(header, (flag) => flag !== 0);
  };
}

export function putOutcome(header: Buffer): PutOutcome {
  const [answer, ...others] = readPutAnswers(header);
  if (answer === undefined || others.length > 0) throw frameError('not one answer to a put of one chunk');
  return answer.outcome;
}

/** What a server says of itself, in a few words. */
export function describeHello({ server, tiers }: ServerHello): string {
  return `${server}, tiers ${tiers.join(', ')}`;
}

function keysRequest(
  pattern: (typeof PATTERNS)[keyof typeof PATTERNS],
  { namespace, keys }: Omit<KeyPart, 'server'>,
  option: number,
): WireRequest {
  const names = keys.map(({ name }) => name);
  const parts = { pattern, isIdempotent: pattern !== PATTERNS.DELETE };
  return makeRequest(parts, keyListBytes(names), (frame, offset) => {
    writeKeyList(frame, offset, { namespace, option, keys: names });
  });
}
