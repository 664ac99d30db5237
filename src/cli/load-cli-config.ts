import { backendsCatalog } from '../backends/backends.catalog.js';
import { loadConfig, type LoadedConfig } from '../config/load-config.js';
import { CONNECTORS_CATALOG } from '../connectors/connectors.catalog.js';
import { ADMISSION_POLICIES_CATALOG } from '../modules/tiers/admission/admission-policies.catalog.js';
import { EVICTION_POLICY_NAMES } from '../modules/tiers/eviction/eviction-policies.catalog.js';
import { type CliIo } from './cli-io.interface.js';

/** Help on the options that name the configuration, for every command that reads it. */
export const CONFIG_HELP = `  --config FILE     YAML file; else KVNEST_CONFIG_FILE or LMCACHE_CONFIG_FILE
  --set KEY=VALUE   one setting, such as doors.http.port=8081; may be repeated
  --debug           show the stack of errors
`;

/** The configuration for this command line, checked against the backends and policies that there are. */
export function loadCliConfig(argv: readonly string[], io: CliIo): LoadedConfig {
  return loadConfig({
    argv,
    env: io.env,
    tierTypes: backendsCatalog({ connectors: [], extraConfig: {} }).map(({ type }) => type),
    schemes: CONNECTORS_CATALOG.flatMap(({ schemes }) => schemes),
    policies: EVICTION_POLICY_NAMES.map((name) => name.toUpperCase()),
    admissions: ADMISSION_POLICIES_CATALOG.map(({ name }) => name),
  });
}
