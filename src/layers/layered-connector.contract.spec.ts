import { describeRemoteConnectorContract } from '../../test/contracts/remote-connector.contract.js';
import { EVERY_LAYER } from '../../test/support/every-layer.js';
import { loopbackContract } from '../../test/support/loopback-contract.js';
import { layeredConnector } from './layered-connector.js';

for (const { name, make } of EVERY_LAYER) {
  describeRemoteConnectorContract(
    `loopback in ${name}`,
    loopbackContract((loopback) => layeredConnector(loopback, make())),
  );
}
