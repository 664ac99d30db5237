import { type BackendDefinition } from '../backends/backend-definition.interface.js';
import { getBackendToken } from '../backends/backends.tokens.js';
import { type StorageBackend } from '../backends/storage-backend.interface.js';
import { deepFreeze } from '../config/deep-freeze.js';
import { missingOfBackend } from './contract-check.js';
import { ExtensionModule } from './extension.module.js';
import { externalMethods } from './external-errors.js';
import { type LoadedExternal } from './load-external.js';

/** The kind of backend that an extension brings; its type is the name that the configuration gives it. */
export function externalBackend(loaded: LoadedExternal): BackendDefinition {
  const { external, description } = loaded;
  return {
    type: external.name,
    register: (tier) =>
      ExtensionModule.register({
        loaded,
        token: getBackendToken(tier.name),
        tokenCall: 'getBackendToken(tier.name)',
        tier: tier.name,
        target: { ...tier, options: deepFreeze({ ...external.options, ...tier.options }) },
        finish: (instance, { logger }) => {
          const backend = Object(instance) as object;
          const missing = missingOfBackend(backend, tier.name);
          if (missing.length > 0) throw externalMethods(external, description, 'StorageBackend', missing);
          logger.log(`backend ${description}`);
          return backend as StorageBackend;
        },
      }),
  };
}
