/** Injection token of one backend by its instance name: `getBackendToken('disk')`. */
export function getBackendToken(name: string): string {
  return `kvnest:Backend:${name}`;
}

/** Injection token of all backends, in the order of the stack. */
export const BACKENDS = Symbol.for('kvnest:Backends');

/** Injection token of the function that finds an `EvictionPolicyFactory` by its name. */
export const EVICTION_POLICIES = Symbol.for('kvnest:EvictionPolicies');

/** Injection token of the function that finds an `AdmissionPolicyFactory` by its name. */
export const ADMISSION_POLICIES = Symbol.for('kvnest:AdmissionPolicies');
