import { describe } from '@jest/globals';
import { describeConnectorData } from './connector/connector-data.suite.js';
import { describeConnectorLifecycle } from './connector/connector-lifecycle.suite.js';
import { describeConnectorOptions } from './connector/connector-options.suite.js';
import { type RemoteConnectorContract } from './connector/connector-world.js';
import { describeForgetful } from './connector/forgetful.suite.js';

export { type ConnectorWorldContext, type RemoteConnectorContract } from './connector/connector-world.js';

/**
 * The specification of a `RemoteConnector`, as tests: to be called in the spec of every connector. Which tests run
 * follows from the capabilities; that an absent one is absent is tested, too.
 */
export function describeRemoteConnectorContract(name: string, contract: RemoteConnectorContract): void {
  describe(`RemoteConnector contract: ${name}`, () => {
    describeConnectorLifecycle(contract);
    if (!contract.capabilities.retains) {
      describeForgetful(contract);
      return;
    }
    describeConnectorData(contract);
    describeConnectorOptions(contract);
  });
}
