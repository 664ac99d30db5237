import { expect, it } from '@jest/globals';
import { RespErrorReply } from '../../protocols/resp/resp-reply.interface.js';
import { redirectOf } from './redirect.js';

const ASKED = { host: 'asked', port: 1 };

it.each([
  ['MOVED 3999 127.0.0.1:6381', { kind: 'MOVED', address: { host: '127.0.0.1', port: 6381 } }],
  ['ASK 3999 node-2.example:6381', { kind: 'ASK', address: { host: 'node-2.example', port: 6381 } }],
  ['MOVED 3999 ::1:6381', { kind: 'MOVED', address: { host: '::1', port: 6381 } }],
  ['MOVED 3999 :6381', { kind: 'MOVED', address: { host: 'asked', port: 6381 } }],
])('%s', (message, redirect) => {
  expect(redirectOf(new RespErrorReply(message), ASKED)).toEqual(redirect);
});

it.each([
  new RespErrorReply('ERR MOVED 3999 127.0.0.1:6381'),
  new RespErrorReply('MOVED'),
  new RespErrorReply('MOVED 3999 nowhere'),
  new RespErrorReply('MOVED 3999 somewhere:99999'),
  new RespErrorReply('MOVED 3999 somewhere:0'),
  'MOVED 3999 127.0.0.1:6381',
  null,
])('is no redirect: %j', (reply) => {
  expect(redirectOf(reply, ASKED)).toBeUndefined();
});

it('has no host where a Unix socket was asked and none is named', () => {
  expect(redirectOf(new RespErrorReply('MOVED 1 :6381'), { socketPath: '/run/redis.sock' })).toBeUndefined();
});
