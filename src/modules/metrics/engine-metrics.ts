import { type BackendAgent } from '../../backends/storage-backend.interface.js';
import { type EngineStatus } from '../engine/cache-engine.interface.js';
import { type DoorStatus } from '../doors/door-registry.js';

/** One number with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricDefinition<T> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  read(source: T): readonly Sample[];
}

type Tier = EngineStatus['tiers'][number];

const counter = (
  name: string,
  help: string,
  value: (status: EngineStatus) => number,
): MetricDefinition<EngineStatus> => ({
  name: `kvnest_${name}_total`,
  help,
  type: 'counter',
  labels: [],
  read: (status) => [{ labels: {}, value: value(status) }],
});

const gauge = (
  name: string,
  help: string,
  value: (status: EngineStatus) => number,
): MetricDefinition<EngineStatus> => ({
  name: `kvnest_${name}`,
  help,
  type: 'gauge',
  labels: [],
  read: (status) => [{ labels: {}, value: value(status) }],
});

const tier = (
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: (tier: Tier) => number,
): MetricDefinition<EngineStatus> => ({
  name: `kvnest_tier_${name}`,
  help,
  type,
  labels: ['tier', 'type'],
  read: (status) =>
    status.tiers.map((each) => ({ labels: { tier: each.name, type: each.type }, value: value(each) })),
});

/** What the engine tells of itself. */
export const ENGINE_METRICS: readonly MetricDefinition<EngineStatus>[] = [
  counter('lookups', 'Lookups, by key or by tokens', ({ counters }) => counters.lookups),
  counter('lookup_tokens', 'Tokens asked for by lookups', ({ counters }) => counters.lookupTokens),
  counter('hit_tokens', 'Tokens that lookups found', ({ counters }) => counters.hitTokens),
  counter('gets', 'Chunks asked for', ({ counters }) => counters.gets),
  counter('hits', 'Chunks found and read', ({ counters }) => counters.hits),
  counter('misses', 'Chunks not found', ({ counters }) => counters.misses),
  counter('busy_reads', 'Chunks not read for want of room or time', ({ counters }) => counters.busyReads),
  counter('corrupt_reads', 'Chunks that failed their checksum', ({ counters }) => counters.corruptReads),
  counter('puts', 'Chunks offered', ({ counters }) => counters.puts),
  counter('stored', 'Chunks stored', ({ counters }) => counters.stored),
  {
    name: 'kvnest_refused_total',
    help: 'Chunks not admitted, by reason',
    type: 'counter',
    labels: ['reason'],
    read: ({ counters }) => byLabel('reason', counters.refused),
  },
  counter('received_bytes', 'Bytes of chunks received', ({ counters }) => counters.bytesIn),
  counter('sent_bytes', 'Bytes of chunks read', ({ counters }) => counters.bytesOut),
  counter('deletes', 'Chunks asked to be deleted', ({ counters }) => counters.deletes),
  counter('compressed', 'Chunks compressed in place', ({ compression }) => compression.compressedChunks),
  counter(
    'decompressed',
    'Chunks decompressed in place',
    ({ compression }) => compression.decompressedChunks,
  ),
  counter('decoded', 'Compressed chunks decoded for readers', ({ compression }) => compression.decodedChunks),
  gauge(
    'compression_saved_bytes',
    'Bytes that compression in place saved when it was made, less those that decompression took again',
    ({ compression }) => compression.savedBytes,
  ),
  gauge('draining', '1 while the server shuts down', ({ draining }) => Number(draining)),
  gauge('arena_capacity_bytes', 'Size of the arena', ({ arena }) => arena.capacityBytes),
  gauge('arena_free_bytes', 'Free bytes of the arena', ({ arena }) => arena.freeBytes),
  gauge('arena_references', 'Chunks being read or written', ({ arena }) => arena.references),
  tier('healthy', 'gauge', '0 while the medium fails', ({ healthy }) => Number(healthy)),
  tier('capacity_bytes', 'gauge', 'Budget of the tier', ({ capacityBytes }) => capacityBytes),
  tier('used_bytes', 'gauge', 'Bytes in the tier', ({ usedBytes }) => usedBytes),
  tier('leased_bytes', 'gauge', 'Bytes kept by leases', ({ leasedBytes }) => leasedBytes),
  tier('pinned_bytes', 'gauge', 'Bytes kept by pins', ({ pinnedBytes }) => pinnedBytes),
  tier(
    'pending_bytes',
    'gauge',
    'Bytes accepted and not yet in the tier',
    ({ pendingBytes }) => pendingBytes,
  ),
  tier('chunks', 'gauge', 'Chunks in the tier', ({ chunks }) => chunks),
  tier('evictions_total', 'counter', 'Chunks evicted', ({ evictions }) => evictions),
  tier('corruptions_total', 'counter', 'Chunks that failed their checksum', ({ corruptions }) => corruptions),
  tier('hits_total', 'counter', 'Reads that this tier answered', ({ hits }) => hits),
  tier('stores_total', 'counter', 'Chunks stored in the tier', ({ stores }) => stores),
  {
    name: 'kvnest_tier_stores_refused_total',
    help: 'Stores not made, by outcome',
    type: 'counter',
    labels: ['tier', 'outcome'],
    read: ({ tiers }) =>
      tiers.flatMap(({ name, storesRefused }) =>
        byLabel('outcome', storesRefused).map(({ labels, value }) => ({
          labels: { tier: name, ...labels },
          value,
        })),
      ),
  },
  {
    name: 'kvnest_tier_events_total',
    help: 'What only this kind of tier counts, by event',
    type: 'counter',
    labels: ['tier', 'event'],
    read: ({ tiers }) =>
      tiers.flatMap(({ name, counters = {} }) =>
        byLabel('event', counters).map(({ labels, value }) => ({
          labels: { tier: name, ...labels },
          value,
        })),
      ),
  },
  {
    name: 'kvnest_peer_up',
    help: '1 while another server is asked for chunks',
    type: 'gauge',
    labels: ['tier', 'peer'],
    read: ({ tiers }) => eachPeer(tiers, ({ up }) => [{ labels: {}, value: Number(up) }]),
  },
  {
    name: 'kvnest_peer_events_total',
    help: 'What is counted of another server that is asked for chunks, by event',
    type: 'counter',
    labels: ['tier', 'peer', 'event'],
    read: ({ tiers }) => eachPeer(tiers, ({ counters }) => byLabel('event', counters)),
  },
  {
    name: 'kvnest_agent_up',
    help: '1 while the library works that moves the bytes of a tier',
    type: 'gauge',
    labels: ['tier'],
    read: ({ tiers }) => eachAgent(tiers, ({ up }) => [{ labels: {}, value: Number(up) }]),
  },
  {
    name: 'kvnest_agent_transfers',
    help: 'Transfers of that library: those that somebody waits for, and those that hold memory though nobody does',
    type: 'gauge',
    labels: ['tier', 'state'],
    read: ({ tiers }) => eachAgent(tiers, (agent) => ofTransfers(agent, ({ transfers }) => transfers)),
  },
  {
    name: 'kvnest_agent_transfer_bytes',
    help: 'Bytes of these transfers',
    type: 'gauge',
    labels: ['tier', 'state'],
    read: ({ tiers }) => eachAgent(tiers, (agent) => ofTransfers(agent, ({ bytes }) => bytes)),
  },
];

/** What the doors tell of themselves. */
export const DOOR_METRICS: readonly MetricDefinition<readonly DoorStatus[]>[] = [
  {
    name: 'kvnest_door_connections',
    help: 'Open connections',
    type: 'gauge',
    labels: ['door'],
    read: (doors) => doors.map(({ name, connections }) => ({ labels: { door: name }, value: connections })),
  },
  {
    name: 'kvnest_door_events_total',
    help: 'What a door counts, by event',
    type: 'counter',
    labels: ['door', 'event'],
    read: (doors) =>
      doors.flatMap(({ name, counters }) =>
        byLabel('event', counters).map(({ labels, value }) => ({ labels: { door: name, ...labels }, value })),
      ),
  },
];

function eachPeer(
  tiers: readonly Tier[],
  read: (peer: NonNullable<Tier['peers']>[number]) => readonly Sample[],
): readonly Sample[] {
  return tiers.flatMap(({ name, peers = [] }) =>
    peers.flatMap((peer) =>
      read(peer).map(({ labels, value }) => ({ labels: { tier: name, peer: peer.name, ...labels }, value })),
    ),
  );
}

function eachAgent(
  tiers: readonly Tier[],
  read: (agent: BackendAgent) => readonly Sample[],
): readonly Sample[] {
  return tiers.flatMap(({ name, agent }) =>
    agent === undefined
      ? []
      : read(agent).map(({ labels, value }) => ({ labels: { tier: name, ...labels }, value })),
  );
}

function ofTransfers(
  { inFlight, quarantined }: BackendAgent,
  value: (transfers: BackendAgent['inFlight']) => number,
): readonly Sample[] {
  return byLabel('state', { in_flight: value(inFlight), quarantined: value(quarantined) });
}

function byLabel(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
