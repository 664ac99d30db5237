import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ADMISSION_POLICIES_CATALOG, findAdmissionPolicy } from './admission-policies.catalog.js';

describe('admission policies catalogue', () => {
  it('lists every policy of this folder', () => {
    const files = readdirSync(import.meta.dirname)
      .filter((name) => name.endsWith('.admission.ts'))
      .map((name) => name.replace('.admission.ts', ''));
    expect(ADMISSION_POLICIES_CATALOG.map(({ name }) => name).sort()).toEqual(files.sort());
  });

  it('finds a policy by its name, and takes everything without one', () => {
    expect(findAdmissionPolicy('TinyLFU').create()?.name).toBe('tinylfu');
    expect(findAdmissionPolicy().name).toBe('always');
    expect(findAdmissionPolicy().create()).toBeUndefined();
  });

  it('refuses a name that nobody knows, with the ones it knows', () => {
    const refusal = { code: 'KV_CONFIG_INVALID', remedy: 'Use one of: always, second-hit, size, tinylfu.' };
    expect(() => findAdmissionPolicy('never')).toThrow(expect.objectContaining(refusal));
  });

  it.each(ADMISSION_POLICIES_CATALOG)(
    '$name has the name of its factory, and counts its bytes',
    (factory) => {
      const policy = factory.create();
      expect(policy?.name ?? 'always').toBe(factory.name);
      expect(policy === undefined || policy.allocatedBytes !== undefined).toBe(true);
    },
  );
});
