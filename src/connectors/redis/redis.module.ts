import { Module } from '@nestjs/common';
import { defineConnector } from '../define-connector.js';
import { createRedisConnector } from './create-redis-connector.js';

@Module({})
class RedisConnectorModule {}

/** Redis and Valkey: one server, Sentinel or Cluster. */
export const redisConnector = defineConnector({
  type: 'redis',
  schemes: ['redis', 'rediss', 'unix', 'valkey', 'redis-sentinel', 'redis-cluster'],
  module: RedisConnectorModule,
  create: createRedisConnector,
});
