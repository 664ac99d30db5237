import { type RespDoorFacts } from '../resp-door-services.js';
import { redisPolicy } from '../redis-policy.js';
import { type CommandCall, NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { globMatch } from './glob-match.js';
import { runSubcommand } from './subcommand.js';

export const configCommand: RespCommandDefinition = {
  name: 'CONFIG',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  keys: NO_KEYS,
  run: (call) => runSubcommand(call, 'config', [{ name: 'GET', arity: -3, run: get }]),
};

/** What clients ask for when they connect, in Redis's words. */
function settings(facts: RespDoorFacts): ReadonlyMap<string, string> {
  return new Map([
    ['appendonly', 'no'],
    ['databases', '16'],
    ['maxclients', String(facts.maxConnections)],
    ['maxmemory', String(facts.capacityBytes)],
    ['maxmemory-policy', redisPolicy(facts.evictionPolicy)],
    ['port', String(facts.port)],
    ['proto-max-bulk-len', String(facts.maxValueBytes)],
    ['save', ''],
    ['timeout', '0'],
  ]);
}

function get({ args, reply, services }: CommandCall): void {
  const patterns = args
    .slice(2)
    .map((pattern) => Buffer.from(pattern.toString('latin1').toLowerCase(), 'latin1'));
  const matching = [...settings(services.facts())].filter(([name]) =>
    patterns.some((pattern) => globMatch(pattern, Buffer.from(name))),
  );
  reply.tree(new Map(matching));
}
