import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type NamedKey } from '../keyspace/named-key.js';
import { type CommandCall, ONE_KEY, type RespCommandDefinition } from './command.interface.js';
import { expiryMs, SECONDS_FROM_NOW } from './expiry.js';
import { nameAt } from './names.js';

const CONDITIONS = new Set(['NX', 'XX', 'GT', 'LT']);
const NX_AND_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible';
const GT_AND_LT = 'ERR GT and LT options at the same time are not compatible';

export const expireCommand: RespCommandDefinition = {
  name: 'EXPIRE',
  arity: -3,
  flags: ['write', 'fast'],
  keys: ONE_KEY,
  run: (call) => {
    const conditions = readConditions(call.args.slice(3));
    if (typeof conditions === 'string') {
      call.reply.error(conditions);
      return;
    }
    const nowMs = call.services.clock.nowMs();
    const time = expiryMs(call.args[2] ?? Buffer.alloc(0), SECONDS_FROM_NOW, nowMs, 'expire');
    if (typeof time === 'string') {
      call.reply.error(time);
      return;
    }
    const name = nameAt(call, 1);
    const changed = name !== undefined && change(call, name, time, conditions, nowMs);
    return chain(changed, (done) => call.reply.integer(done ? 1 : 0));
  },
};

function readConditions(args: readonly Buffer[]): ReadonlySet<string> | string {
  const words = args.map((arg) => arg.toString('latin1'));
  const conditions = new Set(words.map((word) => word.toUpperCase()));
  const unknown = words.find((word) => !CONDITIONS.has(word.toUpperCase()));
  if (unknown !== undefined) return `ERR Unsupported option ${unknown}`;
  if (conditions.has('NX') && conditions.size > 1) return NX_AND_OTHERS;
  if (conditions.has('GT') && conditions.has('LT')) return GT_AND_LT;
  return conditions;
}

function change(
  { services }: CommandCall,
  name: NamedKey,
  expiresAtMs: number,
  conditions: ReadonlySet<string>,
  nowMs: number,
): Awaitable<boolean> {
  const { keyspace, remover } = services;
  return chain(keyspace.expiresAtMs(name), (current) => {
    if (current === undefined || !holds(conditions, current, expiresAtMs)) return false;
    if (expiresAtMs > nowMs) return keyspace.expire(name, expiresAtMs);
    return chain(remover.remove([name]), () => true);
  });
}

/** A key that never expires counts as one that expires last. */
function holds(conditions: ReadonlySet<string>, current: number, wanted: number): boolean {
  if (conditions.has('NX') && current !== 0) return false;
  if (conditions.has('XX') && current === 0) return false;
  if (conditions.has('GT') && (current === 0 || wanted <= current)) return false;
  return !(conditions.has('LT') && current !== 0 && wanted >= current);
}
