import { chain } from '../../../../common/awaitable.js';
import { ONE_KEY, type RespCommandDefinition } from './command.interface.js';
import { nameAt } from './names.js';

const NOT_THERE = -2;
const NO_EXPIRY = -1;

export const ttlCommand: RespCommandDefinition = {
  name: 'TTL',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  run: (call) => {
    const name = nameAt(call, 1);
    const { clock, keyspace } = call.services;
    return chain(name === undefined ? undefined : keyspace.expiresAtMs(name), (expiresAtMs) => {
      call.reply.integer(secondsLeft(expiresAtMs, clock.nowMs()));
    });
  },
};

/** Rounded to the nearest second, as in Redis. */
function secondsLeft(expiresAtMs: number | undefined, nowMs: number): number {
  if (expiresAtMs === undefined) return NOT_THERE;
  if (expiresAtMs === 0) return NO_EXPIRY;
  return Math.floor((Math.max(0, expiresAtMs - nowMs) + 500) / 1000);
}
