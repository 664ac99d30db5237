import { describeRemoteConnectorContract } from '../../../test/contracts/remote-connector.contract.js';
import { loopbackContract } from '../../../test/support/loopback-contract.js';

describeRemoteConnectorContract('loopback', loopbackContract());
