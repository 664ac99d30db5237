import { type ConnectorLogger } from '../../connector-definition.interface.js';
import { type RedisSettings } from '../redis-settings.js';
import { ClusterTopology } from './cluster.topology.js';
import { type RedisTopology } from './redis-topology.interface.js';
import { SentinelTopology } from './sentinel.topology.js';
import { StandaloneTopology } from './standalone.topology.js';

export function createTopology(settings: RedisSettings, logger: ConnectorLogger): RedisTopology {
  switch (settings.mode) {
    case 'sentinel':
      return new SentinelTopology(settings, logger);
    case 'cluster':
      return new ClusterTopology(settings);
    case 'standalone':
      return new StandaloneTopology(settings.addresses[0]);
  }
}
