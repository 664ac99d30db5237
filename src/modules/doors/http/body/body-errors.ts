import { KvError } from '../../../../common/errors/kv-error.js';

export function clientGone(): KvError {
  return new KvError('KV_HTTP_CLIENT_GONE', 'the client closed the connection before its body was complete', {
    kind: 'input',
  });
}

export function truncated(): KvError {
  return new KvError('KV_INPUT_BODY_TRUNCATED', 'the body ends before its declared length', {
    kind: 'input',
  });
}

export function tooLong(): KvError {
  return new KvError('KV_INPUT_BODY_TOO_LONG', 'the body goes on after its declared length', {
    kind: 'input',
  });
}

export function stalled(bodyTimeoutMs: number): KvError {
  return new KvError('KV_HTTP_BODY_TIMEOUT', 'no byte of the body came for too long', {
    kind: 'input',
    retryable: true,
    details: { bodyTimeoutMs },
  });
}
