import { type BackendDefinition, type BackendProbe } from '../../backends/backend-definition.interface.js';
import { backendsCatalog } from '../../backends/backends.catalog.js';
import { isKvError } from '../../common/errors/kv-error.js';
import { type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import { CONNECTORS_CATALOG } from '../../connectors/connectors.catalog.js';
import { type Check, type Diagnosis, fail, ok, warn } from './diagnosis.interface.js';

/** Whether the stores of the tiers answer. Those that code of users speaks to are not asked. */
export const checkStores: Check = async (config) => {
  const definitions = backendsCatalog({ connectors: CONNECTORS_CATALOG, extraConfig: config.extraConfig });
  const schemesOfUsers = config.externals.map(({ name }) => `${name}:`);
  const diagnoses = config.tiers
    .filter(({ url = '' }) => !schemesOfUsers.some((scheme) => url.toLowerCase().startsWith(scheme)))
    .map((tier) =>
      probe(
        tier,
        definitions.find(({ type }) => type === tier.type),
        config,
      ),
    );
  return (await Promise.all(diagnoses)).flat();
};

function probeDiagnosis(tier: string, { what, error }: BackendProbe): Diagnosis {
  if (error === undefined) return ok(`tier ${tier}: ${what} answers`);
  const message = error instanceof Error ? error.message : `${what} does not answer`;
  const remedy = isKvError(error) ? `${error.remedy ?? ''} ` : '';
  return warn(`tier ${tier}: ${message}`, `${remedy}The server starts without it, and finds it later.`);
}

async function probe(
  tier: TierConfig,
  definition: BackendDefinition | undefined,
  config: KvnestConfig,
): Promise<readonly Diagnosis[]> {
  if (definition?.probe === undefined) return [];
  try {
    const probed = await definition.probe(tier, config);
    const probes = typeof probed === 'string' ? [{ what: probed }] : probed;
    return probes.map((each) => probeDiagnosis(tier.name, each));
  } catch (error) {
    if (!isKvError(error)) throw error;
    const { message, kind, remedy = 'See docs/errors.md.' } = error;
    // Its module is not loaded here.
    if (error.code === 'KV_CONFIG_UNKNOWN_SCHEME') return [];
    if (kind === 'config') return [fail(message, remedy)];
    return [warn(message, `${remedy} The server starts without it, and finds it later.`)];
  }
}
