import { type AdmissionPolicyFactory } from '../../../backends/admission-policy.interface.js';

/** Takes every chunk. */
export const alwaysAdmission: AdmissionPolicyFactory = { name: 'always', create: () => undefined };
