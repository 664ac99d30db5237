import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';

@Module({})
class RedisConnectorModule {}

/** Redis and Valkey: one server, Sentinel or Cluster. */
export const redisConnector = defineConnector({
  type: 'redis',
  schemes: ['redis', 'rediss', 'unix', 'valkey', 'redis-sentinel', 'redis-cluster'],
  module: RedisConnectorModule,
  create: async (context) => (await import('./create-redis-connector.js')).createRedisConnector(context),
});
