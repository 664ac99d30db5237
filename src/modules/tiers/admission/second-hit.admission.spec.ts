import { describe, expect, it } from '@jest/globals';
import { traitsOf } from '../../../../test/support/policy-model.js';
import { SecondHitAdmission } from './second-hit.admission.js';

function admission(chunks: number): SecondHitAdmission {
  const policy = new SecondHitAdmission();
  for (let entry = 0; entry < chunks; entry++) policy.onInsert();
  return policy;
}

describe('SecondHitAdmission', () => {
  it('takes what comes for the second time, and asks it to come twice again when it has left', () => {
    const policy = admission(10);
    expect([1, 2, 1, 2, 1].map((name) => policy.admits(traitsOf(name)))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('remembers what came, as a list of the last ones does', () => {
    const policy = admission(100);
    for (let name = 0; name < 400; name++) expect(policy.admits(traitsOf(name))).toBe(false);
    expect(policy.admits(traitsOf(10))).toBe(true);
    for (let name = 1_000; name < 1_500; name++) policy.admits(traitsOf(name));
    expect(policy.admits(traitsOf(20))).toBe(false);
  });

  it('keeps at most 64 bytes for a chunk', () => {
    const policy = admission(50_000);
    for (let name = 0; name < 50_000; name++) policy.admits(traitsOf(name));
    expect(policy.allocatedBytes).toBeLessThanOrEqual(64 * 50_000);
  });
});
