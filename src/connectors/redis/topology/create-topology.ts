import { type RedisSettings } from '../redis-settings.js';
import { type RedisTopology } from './redis-topology.interface.js';
import { StandaloneTopology } from './standalone.topology.js';

export function createTopology({ addresses }: RedisSettings): RedisTopology {
  return new StandaloneTopology(addresses[0]);
}
