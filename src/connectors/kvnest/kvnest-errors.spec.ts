import { describe, expect, it } from '@jest/globals';
import {
  clientClosed,
  clientProtocol,
  clientTimeout,
  clientUnavailable,
} from '../../client/client-errors.js';
import { KvError } from '../../common/errors/kv-error.js';
import { remoteAborted } from '../connector-errors.js';
import { kvnestError } from './kvnest-errors.js';

const said = (code: `KV_${string}`, retryable = false): KvError =>
  new KvError(code, 'as the server says', { kind: 'input', retryable });
const unavailable = (cause: unknown): KvError => clientUnavailable('h:1', cause);

describe('an error of the client, to the caller of a connector', () => {
  it.each([
    [said('KV_AUTH_WRONG'), 'KV_REMOTE_REFUSED', false],
    [unavailable(said('KV_AUTH_REQUIRED')), 'KV_REMOTE_REFUSED', false],
    [unavailable(said('KV_TCP_VERSION')), 'KV_REMOTE_REFUSED', false],
    [unavailable(Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' })), 'KV_REMOTE_REFUSED', false],
    [unavailable(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })), 'KV_REMOTE_UNREACHABLE', true],
    [unavailable('it closed the connection'), 'KV_REMOTE_UNREACHABLE', true],
    [unavailable(clientTimeout(5)), 'KV_REMOTE_UNREACHABLE', true],
    [unavailable(clientProtocol('h:1', new Error('HTTP'))), 'KV_REMOTE_PROTOCOL', false],
    [clientProtocol('h:1', new Error('HTTP')), 'KV_REMOTE_PROTOCOL', false],
    [said('KV_TCP_PATTERN'), 'KV_REMOTE_PROTOCOL', false],
    [said('KV_INTERNAL'), 'KV_REMOTE_FAILED', false],
    [said('KV_TCP_TIMEOUT', true), 'KV_REMOTE_FAILED', true],
    [clientClosed(), 'KV_REMOTE_CLOSED', false],
    [remoteAborted('s'), 'KV_REMOTE_ABORTED', true],
    [new Error('anything'), 'KV_REMOTE_FAILED', true],
  ])('%s is %s', (error, code, retryable) => {
    expect(kvnestError('kvnest://h', error)).toMatchObject({ code, retryable });
  });

  it('says what the server said', () => {
    expect(kvnestError('kvnest://h', said('KV_INPUT_INVALID')).message).toBe(
      'kvnest://h failed: KV_INPUT_INVALID: as the server says',
    );
  });
});
