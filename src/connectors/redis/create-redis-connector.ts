import { type ConnectorContext } from '../connector-definition.interface.js';
import { intakePlace } from '../intake/value-intake.js';
import { type RespAddress } from '../resp-client/resp-address.js';
import { RespPool } from '../resp-client/resp-pool.js';
import { LmcacheLayout } from './layouts/lmcache.layout.js';
import { type RedisLayout } from './layouts/redis-layout.interface.js';
import { SealedLayout } from './layouts/sealed.layout.js';
import { openServer } from './redis-server-calls.js';
import { readRedisSettings, type RedisSettings } from './redis-settings.js';
import { RedisConnector } from './redis.connector.js';
import { createTopology } from './topology/create-topology.js';

/** @throws KV_CONFIG_INVALID */
export function createRedisConnector(context: ConnectorContext): RedisConnector {
  const settings = readRedisSettings(context);
  return new RedisConnector({
    label: settings.label,
    layout: createLayout(settings, context),
    topology: createTopology(settings, context.logger),
    openPool: (address) => openPool(settings, address),
  });
}

function createLayout(
  { layout }: RedisSettings,
  context: Pick<ConnectorContext, 'arena' | 'space' | 'clock'>,
): RedisLayout {
  const place = intakePlace(context);
  return layout === 'sealed' ? new SealedLayout(place) : new LmcacheLayout({ place, clock: context.clock });
}

function openPool(settings: RedisSettings, address: RespAddress): RespPool {
  const { label, connections } = settings;
  return new RespPool({ label, connections, open: (signal) => openServer(settings, address, signal) });
}
