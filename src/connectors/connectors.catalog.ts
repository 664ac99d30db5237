import { auditConnector } from './audit/audit.module.js';
import { blackholeConnector } from './blackhole/blackhole.module.js';
import { type ConnectorDefinition } from './connector-definition.interface.js';
import { fsConnector } from './fs/fs.module.js';
import { infinistoreConnector } from './infinistore/infinistore.module.js';
import { kvnestConnector } from './kvnest/kvnest.module.js';
import { lmConnector } from './lm/lm.module.js';
import { loopbackConnector } from './loopback/loopback.module.js';
import { mooncakeConnector } from './mooncake/mooncake.module.js';
import { redisConnector } from './redis/redis.module.js';
import { respConnector } from './resp/resp.module.js';
import { s3Connector } from './s3/s3.module.js';

/** Every connector that kvnest brings; one folder each. */
export const CONNECTORS_CATALOG: readonly ConnectorDefinition[] = [
  auditConnector,
  blackholeConnector,
  fsConnector,
  infinistoreConnector,
  kvnestConnector,
  lmConnector,
  loopbackConnector,
  mooncakeConnector,
  redisConnector,
  respConnector,
  s3Connector,
];
