import { type BackendPeer, type BackendTransfers } from '../backends/storage-backend.interface.js';
import { formatBytes } from '../common/format-bytes.js';
import { type TierStatus } from '../modules/engine/cache-engine.interface.js';
import { type ServerStatus } from '../modules/health/status.controller.js';
import { formatDuration } from './format-duration.js';
import { formatTable } from './format-table.js';

/** The status of a server as tables for people. */
export function formatStatus(status: ServerStatus): string {
  return [
    summary(status),
    formatTable(doorRows(status)),
    formatTable(tierRows(status)),
    ...peerTables(status),
    ...agentTables(status),
    formatTable(traffic(status)),
  ].join('\n');
}

function summary({ status, version, uptimeSeconds, rssBytes, arena, plugins }: ServerStatus): string {
  const used = arena.capacityBytes - arena.freeBytes;
  return formatTable([
    ['kvnest', `${version}, ${status}, up ${formatDuration(uptimeSeconds)}`],
    ['arena', `${ratio(used, arena.capacityBytes)}${arena.native ? '' : ', TypeScript fallback'}`],
    ['process', `${formatBytes(rssBytes)} resident`],
    ...(plugins.length === 0 ? [] : [['plugins', countStates(plugins)]]),
  ]);
}

/** `2 running, 1 failed`. */
function countStates(plugins: ServerStatus['plugins']): string {
  const counts = new Map<string, number>();
  for (const { state } of plugins) counts.set(state, (counts.get(state) ?? 0) + 1);
  return Array.from(counts, ([state, count]) => `${count} ${state}`).join(', ');
}

function doorRows({ doors }: ServerStatus): string[][] {
  const rows = doors.map(({ name, address, connections }) => [
    name,
    address ?? 'closed',
    String(connections),
  ]);
  return [['DOOR', 'ADDRESS', 'CONNECTIONS'], ...rows];
}

function tierRows({ tiers }: ServerStatus): string[][] {
  return [['TIER', 'TYPE', 'STATE', 'USED', 'CHUNKS', 'HITS', 'EVICTED', 'PINNED'], ...tiers.map(tierRow)];
}

function tierRow(tier: TierStatus): string[] {
  return [
    tier.name,
    tier.type,
    tier.healthy ? 'ok' : 'failing',
    ...(tier.capacityBytes === 0 ? unknownBooks(tier) : books(tier)),
  ];
}

function books({ usedBytes, capacityBytes, chunks, hits, evictions, pinnedBytes }: TierStatus): string[] {
  const numbers = [chunks, hits, evictions].map(String);
  return [ratio(usedBytes, capacityBytes), ...numbers, formatBytes(pinnedBytes)];
}

/** Other servers that tiers read from, where there are any. */
function peerTables({ tiers }: ServerStatus): string[] {
  const rows = tiers.flatMap(({ name: tier, peers = [] }) =>
    peers.map((peer) => {
      const { name, transport, counters } = peer;
      const { asked = 0, hits = 0, hit_bytes: bytes = 0, failures = 0 } = counters;
      return [
        name,
        tier,
        transport,
        String(asked),
        `${hits} (${formatBytes(bytes)})`,
        String(failures),
        peerState(peer),
      ];
    }),
  );
  const head = ['PEER', 'TIER', 'OVER', 'ASKED', 'HITS', 'FAILED', 'STATE'];
  return rows.length === 0 ? [] : [formatTable([head, ...rows])];
}

/** Why it is not asked, and for how long still, or why it is not read in a better way. */
function peerState({ state, reason, backOffMs = 0, transport, transportReason }: BackendPeer): string {
  if (reason !== undefined) {
    const until = backOffMs === 0 ? 'is tried again now' : `is left alone for ${backOffMs} ms more`;
    return `${state}, ${until}: ${reason}`;
  }
  return transportReason === undefined ? state : `${state}, over ${transport} because ${transportReason}`;
}

/** Libraries that move the bytes of tiers, where there are any. */
function agentTables({ tiers }: ServerStatus): string[] {
  const rows = tiers.flatMap(({ name: tier, agent }) => {
    if (agent === undefined) return [];
    const { library, up, reason, peers, inFlight, quarantined } = agent;
    const state = [up ? 'up' : 'down', ...(reason === undefined ? [] : [reason])].join(': ');
    return [[library, tier, String(peers), transfers(inFlight), transfers(quarantined), state]];
  });
  const head = ['AGENT', 'TIER', 'PEERS', 'IN FLIGHT', 'QUARANTINED', 'STATE'];
  return rows.length === 0 ? [] : [formatTable([head, ...rows])];
}

function transfers({ transfers: count, bytes }: BackendTransfers): string {
  return `${count} (${formatBytes(bytes)})`;
}

/** Of a tier without a budget of its own, such as a store elsewhere, somebody else keeps the books. */
function unknownBooks({ hits }: TierStatus): string[] {
  return ['-', '-', String(hits), '-', '-'];
}

function traffic({ counters }: ServerStatus): string[][] {
  const refused = Object.values(counters.refused).reduce((sum, count) => sum + count, 0);
  return [
    [
      'gets',
      `${counters.gets} (${counters.hits} hits, ${counters.misses} misses), ${formatBytes(counters.bytesOut)} out`,
    ],
    [
      'puts',
      `${counters.puts} (${counters.stored} stored, ${refused} refused), ${formatBytes(counters.bytesIn)} in`,
    ],
    ['lookups', `${counters.lookups} (${counters.hitTokens} of ${counters.lookupTokens} tokens hit)`],
  ];
}

function ratio(used: number, capacity: number): string {
  return `${formatBytes(used)} of ${formatBytes(capacity)}`;
}
