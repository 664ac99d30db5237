import { type RespDoorFacts, type RespDoorServices } from '../resp-door-services.js';
import { redisPolicy } from '../redis-policy.js';
import { NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { REDIS_VERSION } from './redis-version.js';

type Fields = Readonly<Record<string, string | number>>;
type Section = (services: RespDoorServices, facts: RespDoorFacts, sessions: number) => Fields;

/** The sections and fields that clients and dashboards of Redis read. */
const SECTIONS: Readonly<Record<string, Section>> = {
  Server: ({ clock }, facts) => ({
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    server_name: 'kvnest',
    process_id: process.pid,
    tcp_port: facts.port,
    uptime_in_seconds: Math.floor((clock.nowMs() - facts.startedAtMs) / 1000),
  }),
  Clients: (_, facts, sessions) => ({
    connected_clients: sessions,
    maxclients: facts.maxConnections,
    blocked_clients: 0,
  }),
  Memory: (_, facts) => ({
    used_memory: facts.usedBytes,
    maxmemory: facts.capacityBytes,
    maxmemory_policy: redisPolicy(facts.evictionPolicy),
    kvnest_eviction_policy: facts.evictionPolicy ?? 'none',
  }),
  Persistence: () => ({ loading: 0, async_loading: 0, rdb_bgsave_in_progress: 0, aof_enabled: 0 }),
  Stats: ({ counters }, facts) => ({
    total_connections_received: counters.connections,
    total_commands_processed: counters.commands,
    total_net_input_bytes: counters.bytesIn,
    total_net_output_bytes: counters.bytesOut,
    rejected_connections: counters.connectionsRefused,
    keyspace_hits: facts.hits,
    keyspace_misses: facts.misses,
    evicted_keys: facts.evictions,
    total_error_replies: counters.commandErrors,
  }),
  Replication: () => ({ role: 'master', connected_slaves: 0 }),
  Cluster: () => ({ cluster_enabled: 0 }),
};

const ALL = new Set(['all', 'default', 'everything']);

export const infoCommand: RespCommandDefinition = {
  name: 'INFO',
  arity: -1,
  flags: ['loading', 'stale'],
  keys: NO_KEYS,
  run: ({ args, reply, services }) => {
    const wanted = args.slice(1).map((arg) => arg.toString('latin1').toLowerCase());
    const isWanted = (section: string): boolean =>
      wanted.length === 0 || wanted.some((word) => ALL.has(word) || word === section.toLowerCase());
    const facts = services.facts();
    const sessions = Array.from(services.sessions()).length;
    const sections = Object.entries(SECTIONS)
      .filter(([title]) => isWanted(title))
      .map(([title, fields]) => section(title, fields(services, facts, sessions)));
    reply.verbatim(sections.join('\r\n'));
  },
};

function section(title: string, fields: Fields): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${title}\r\n${lines.join('')}`;
}
