import { KvError } from '../../../common/errors/kv-error.js';
import { frameError, PROTOCOL_VERSION } from '../../../protocols/kvnest-tcp/frame.js';
import { type RpcError, toRpcError } from '../errors/rpc-error.js';

/** @returns what the client is told of an error, whoever threw it. What it must not see stays out of it. */
export function errorBody(error: unknown): RpcError {
  const body = isPlainObject(error) ? error : toRpcError(error);
  if ('code' in body && typeof body.code === 'string' && 'message' in body) return body as RpcError;
  const message = 'message' in body && typeof body.message === 'string' ? body.message : 'refused';
  return { code: 'KV_NEST_REFUSED', message, details: { ...body } };
}

/** What a filter of a handler has made of an error already. */
function isPlainObject(error: unknown): error is object {
  return typeof error === 'object' && error !== null && !(error instanceof Error);
}

export function versionError(version: unknown): KvError {
  return new KvError(
    'KV_TCP_VERSION',
    `version ${JSON.stringify(version)} of the protocol is not spoken here`,
    {
      kind: 'input',
      remedy: `speak version ${PROTOCOL_VERSION}`,
      details: { versions: [PROTOCOL_VERSION] },
    },
  );
}

/** @param given whether there was a token at all. */
export function authError(given: boolean): KvError {
  const options = { kind: 'input', remedy: 'give the auth.token of the server in the HELLO' } as const;
  return given
    ? new KvError('KV_AUTH_WRONG', 'another token than that of the server', options)
    : new KvError('KV_AUTH_REQUIRED', 'this server asks for a token', options);
}

export function patternError(pattern: string): KvError {
  return new KvError('KV_TCP_PATTERN', `nothing here answers the pattern ${pattern}`, {
    kind: 'input',
    remedy: 'ask for one of the patterns of docs/tcp-protocol.md, or of a module of this server',
  });
}

export function cancelled(): KvError {
  return new KvError('KV_TCP_CANCELLED', 'the request was cancelled', { kind: 'input' });
}

export function timedOut(timeoutMs: number): KvError {
  return new KvError('KV_TCP_TIMEOUT', `no answer within the ${timeoutMs} ms of the request`, {
    kind: 'unavailable',
    retryable: true,
  });
}

/** An answer in JSON that no frame can carry. */
export function answerTooLarge(bytes: number): KvError {
  return new KvError('KV_TCP_ANSWER_TOO_LARGE', `an answer of ${bytes} bytes of JSON`, {
    kind: 'input',
    remedy: 'ask for less at a time',
  });
}

/** A stream that makes values faster than the client takes them. */
export function slowReader(): KvError {
  return new KvError('KV_TCP_SLOW_READER', 'the client reads more slowly than the stream goes', {
    kind: 'input',
    remedy: 'read on while the stream goes, and start it anew',
  });
}

/** @throws KV_TCP_FRAME for a header that is no JSON object. */
export function jsonHeader(header: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(header.toString('utf8'));
  } catch {
    throw frameError('a header that is no JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw frameError('a header that is no JSON object');
}
