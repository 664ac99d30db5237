import { describe } from '@jest/globals';
import { type StorageBackendContract, storesChunks } from './backend/backend-world.js';
import { describeBudget } from './backend/budget.suite.js';
import { describeConcurrency } from './backend/concurrency.suite.js';
import { describeData } from './backend/data.suite.js';
import { describeExpiry } from './backend/expiry.suite.js';
import { describeHolds } from './backend/holds.suite.js';
import { describeInPlace } from './backend/in-place.suite.js';
import { describeLifecycle } from './backend/lifecycle.suite.js';
import { describeReadOnly } from './backend/read-only.suite.js';
import { describeEnumeration } from './backend/scan.suite.js';
import { describeStoring } from './backend/storing.suite.js';

export { type BackendContext, type StorageBackendContract } from './backend/backend-world.js';

/**
 * The specification of a `StorageBackend`, as tests: to be called in the spec of every backend. Which tests run
 * follows from the capabilities; that an absent one is absent is tested, too.
 */
export function describeStorageBackendContract(name: string, contract: StorageBackendContract): void {
  describe(`StorageBackend contract: ${name}`, () => {
    describeLifecycle(contract);
    describeData(contract);
    if (storesChunks(contract)) describeStoring(contract);
    else describeReadOnly(contract);
    describeExpiry(contract);
    describeEnumeration(contract);
    describeConcurrency(contract);
    if (contract.bounded ?? true) {
      describeBudget(contract);
      describeHolds(contract);
      describeInPlace(contract);
    }
  });
}
