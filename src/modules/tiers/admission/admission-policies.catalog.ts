import { type AdmissionPolicyFactory } from '../../../backends/admission-policy.interface.js';
import { KvError } from '../../../common/errors/kv-error.js';
import { alwaysAdmission } from './always.admission.js';
import { secondHitAdmission } from './second-hit.admission.js';
import { sizeAdmission } from './size.admission.js';
import { tinyLfuAdmission } from './tinylfu.admission.js';

/** Every admission policy that kvnest brings, the default first. */
export const ADMISSION_POLICIES_CATALOG: readonly AdmissionPolicyFactory[] = [
  alwaysAdmission,
  secondHitAdmission,
  sizeAdmission,
  tinyLfuAdmission,
];

/**
 * Finds an admission policy by its name, whatever the case; without a name, the default.
 *
 * @throws KV_CONFIG_INVALID for a name nobody knows.
 */
export function findAdmissionPolicy(name: string = alwaysAdmission.name): AdmissionPolicyFactory {
  const policy = ADMISSION_POLICIES_CATALOG.find((known) => known.name === name.toLowerCase());
  if (policy !== undefined) return policy;
  const names = ADMISSION_POLICIES_CATALOG.map((known) => known.name).join(', ');
  throw new KvError('KV_CONFIG_INVALID', `There is no admission policy "${name}"`, {
    kind: 'config',
    remedy: `Use one of: ${names}.`,
  });
}
