import { isKvError } from '../../common/errors/kv-error.js';
import { type ExternalConfig } from '../../config/kvnest-config.interface.js';
import { loadExternal } from '../../external/load-external.js';
import { type Check, type Diagnosis, fail, ok } from './diagnosis.interface.js';

/** Whether the code of users can be imported. It is not constructed: that could reach for its store. */
export const checkExternals: Check = async ({ externals }) => {
  const diagnoses: Diagnosis[] = [];
  for (const external of externals) diagnoses.push(await checkExternal(external));
  return diagnoses;
};

async function checkExternal(external: ExternalConfig): Promise<Diagnosis> {
  try {
    const { description } = await loadExternal(external);
    return ok(`${external.kind} ${external.name}: ${description}`);
  } catch (error) {
    if (!isKvError(error)) throw error;
    return fail(error.message, error.remedy ?? 'See docs/extending.md.');
  }
}
