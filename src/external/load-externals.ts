import { type DynamicModule } from '@nestjs/common';
import { type BackendDefinition } from '../backends/backend-definition.interface.js';
import { EXTERNAL_SCHEME } from '../config/build/external-url.js';
import { type ExternalConfig } from '../config/kvnest-config.interface.js';
import { type ConnectorDefinition } from '../connectors/connector-definition.interface.js';
import { blameModule } from './blame-module.js';
import { externalBackend } from './external-backend.js';
import { connectorsNamedByUrls, externalConnector } from './external-connector.js';
import { externalModule } from './external-module.js';
import { loadExternal, type LoadedExternal } from './load-external.js';

export interface LoadedExternals {
  readonly backends: readonly BackendDefinition[];
  readonly connectors: readonly ConnectorDefinition[];
  readonly modules: readonly DynamicModule[];
  /** What a start failed with, said of the module that it came from. */
  readonly explain: (error: unknown) => unknown;
}

/**
 * Imports the code that the configuration names, before the Nest graph exists, and stops at the first that is wrong.
 *
 * @throws KV_EXTERNAL_…
 */
export async function loadExternals(externals: readonly ExternalConfig[]): Promise<LoadedExternals> {
  const loaded: LoadedExternal[] = [];
  for (const external of externals) loaded.push(await loadExternal(external));
  const ofKind = (kind: ExternalConfig['kind']): LoadedExternal[] =>
    loaded.filter(({ external }) => external.kind === kind);
  const named = ofKind('connector').filter(({ external }) => external.name === EXTERNAL_SCHEME);
  const others = ofKind('connector').filter(({ external }) => external.name !== EXTERNAL_SCHEME);
  return {
    backends: ofKind('backend').map((backend) => externalBackend(backend)),
    connectors: [
      ...others.map((connector) => externalConnector(connector)),
      ...(named.length > 0 ? [connectorsNamedByUrls(named)] : []),
    ],
    modules: await Promise.all(ofKind('module').map((module) => externalModule(module))),
    explain: (error) => blameModule(error, ofKind('module')),
  };
}
