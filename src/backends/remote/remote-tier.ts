import { type Arena } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { type Clock } from '../../common/clock.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { ChunkExpiry } from './chunk-expiry.js';
import { ChunkListing } from './chunk-listing.js';
import { ChunkLookups } from './chunk-lookups.js';
import { ChunkPuts } from './chunk-puts.js';
import { ChunkReads } from './chunk-reads.js';
import { ChunkRemovals } from './chunk-removals.js';
import { ChunkView } from './chunk-view.js';
import { connectorStack, maxCooldownMs } from './connector-stack.js';
import { HiddenKeySweep } from './hidden-key-sweep.js';
import { HiddenKeys } from '../hidden-keys.js';
import { KeyOrder } from '../key-order.js';
import { PendingWrites } from './pending-writes.js';
import { RemoteCounters } from './remote-counters.js';
import { type RemoteLogger } from './remote-logger.interface.js';
import { type RemoteParts } from './remote-parts.interface.js';
import { type RemoteOptions } from './remote.config.js';
import { withSerde } from './serde/with-serde.js';
import { StoreCalls } from './store-calls.js';
import { StoreHealth } from './store-health.js';
import { StoreQueue } from './store-queue.js';

const MAX_HIDDEN_KEYS = 16_384;

export interface RemoteTierOptions {
  readonly name: string;
  readonly label: string;
  readonly connector: RemoteConnector;
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly options: RemoteOptions;
  readonly clock: Clock;
  readonly logger: RemoteLogger;
  /** Whether the store honours expiry, and tells. */
  readonly expiry: boolean;
}

/** The parts of one remote tier, put together. */
export interface RemoteTier {
  readonly health: StoreHealth;
  readonly queue: StoreQueue;
  readonly pending: PendingWrites;
  readonly hidden: HiddenKeys;
  readonly counters: RemoteCounters;
  readonly puts: ChunkPuts;
  readonly reads: ChunkReads;
  readonly lookups: ChunkLookups;
  readonly removals: ChunkRemovals;
  readonly expiry: ChunkExpiry;
  readonly listing: ChunkListing;
  /** @throws what the connector throws for a configuration that is wrong. */
  open(): Promise<void>;
  /** Finishes what was accepted. Never throws. */
  close(): Promise<void>;
}

export function createRemoteTier(given: RemoteTierOptions): RemoteTier {
  const { name, label, options, clock, logger } = given;
  const what = `Remote tier "${name}": ${label}`;
  const counters = new RemoteCounters();
  const hidden = new HiddenKeys(MAX_HIDDEN_KEYS);
  const order = new KeyOrder();
  const pending = new PendingWrites();
  const health = new StoreHealth({
    tier: name,
    what,
    pingIntervalMs: options.ping_interval_ms,
    pingAttempts: options.breaker_failures,
    steadyMs: maxCooldownMs(options),
    logger,
    onAnswer: () => sweep.wake(),
  });
  const stack = connectorStack(given.connector, {
    name,
    label,
    options,
    onStateChange: (state, error) => health.onCircuit(state, error),
  });
  const connector = withSerde(stack, name, options.serde, given);
  const parts: RemoteParts = {
    what,
    connector,
    calls: new StoreCalls(health, counters),
    order,
    pending,
    hidden,
    hide: (key) => {
      const { forgotten } = hidden;
      hidden.hide(key);
      if (forgotten === 0 && hidden.forgotten === 1)
        logger.warn(
          `${what}: older chunks may come back of more than ${MAX_HIDDEN_KEYS} keys that are hidden`,
        );
      sweep.wake();
    },
    counters,
    clock,
    logger,
  };
  const view = new ChunkView(parts);
  const removals = new ChunkRemovals(parts, view);
  const sweep = new HiddenKeySweep(hidden, order, health, (keys) => removals.removeFromStore(keys));
  const reads = new ChunkReads(parts, view);
  const lookups = new ChunkLookups(parts, view);
  const queue = new StoreQueue({
    maxBytes: options.queue,
    maxChunks: options.queue_chunks,
    waitMs: options.queue_wait_ms,
    maxSendingBytes: options.max_in_flight,
    maxSending: options.concurrency,
  });
  return {
    health,
    queue,
    pending,
    hidden,
    counters,
    reads,
    lookups,
    removals,
    puts: new ChunkPuts(parts, queue, health),
    expiry: new ChunkExpiry(parts, reads, lookups, removals, given.expiry),
    listing: new ChunkListing(name, parts, removals),
    open: async () => {
      sweep.enabled = connector.capabilities.remove;
      await health.start(connector);
    },
    close: async () => {
      sweep.enabled = false;
      await order.settled();
      health.stop();
      try {
        await connector.close();
      } catch (error) {
        logger.warn(`${what} did not close: ${String(error)}`);
      }
    },
  };
}
