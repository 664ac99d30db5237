import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { intakePlace } from '../../src/connectors/intake/value-intake.js';
import { LmConnector } from '../../src/connectors/lm/lm.connector.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { createTestLmDoor, type TestLmDoor } from '../support/lm-door.js';

const MIB = 1024 * 1024;
const servers = new Map<RemoteConnector, TestLmDoor>();

describeRemoteConnectorContract('lm, with the lm door', {
  capabilities: {
    persistent: false,
    shared: true,
    retains: true,
    batch: false,
    list: false,
    remove: false,
    ttl: false,
    metadata: 'lmcache',
    checksum: false,
  },
  create: async (context) => {
    const server = await createTestLmDoor({ arenaBytes: 64 * MIB });
    const connector = new LmConnector({
      host: '127.0.0.1',
      port: server.port,
      label: 'lm://test',
      connections: 2,
      connectTimeoutMs: 5000,
      anyKey: true,
      place: intakePlace(context),
    });
    servers.set(connector, server);
    return connector;
  },
  destroy: async (connector) => {
    await servers.get(connector)?.close();
    servers.delete(connector);
  },
});
