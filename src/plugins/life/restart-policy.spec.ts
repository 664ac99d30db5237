import { describe, expect, it } from '@jest/globals';
import { type RestartDecision, RestartPolicy, type RestartRules } from './restart-policy.js';

const RULES: RestartRules = {
  restart: 'on-failure',
  maxRestarts: 5,
  restartWindowMs: 60_000,
  backoffMs: 500,
  backoffMaxMs: 3000,
};

/** With all of the pause and no chance. */
const policy = (rules: Partial<RestartRules> = {}): RestartPolicy =>
  new RestartPolicy({ ...RULES, ...rules }, () => 1);

/** The decisions on failures that come `everyMs`, each after a run of `ranMs`. */
function failures(of: RestartPolicy, count: number, everyMs: number, ranMs = 0): RestartDecision[] {
  return Array.from({ length: count }, (_, n) => of.decide({ failed: true, ranMs, nowMs: n * everyMs }));
}

describe('RestartPolicy', () => {
  it.each([
    ['never', false, 'stay-down'],
    ['never', true, 'give-up'],
    ['on-failure', false, 'stay-down'],
    ['on-failure', true, 'restart'],
    ['always', false, 'restart'],
    ['always', true, 'restart'],
  ] as const)('%s: after an end that failed = %s comes %s', (restart, failed, next) => {
    expect(policy({ restart }).decide({ failed, ranMs: 0, nowMs: 0 }).next).toBe(next);
  });

  it('doubles the pause up to its maximum, and gives up beyond the limit within the window', () => {
    expect(failures(policy(), 6, 1000)).toEqual([
      ...[500, 1000, 2000, 3000, 3000].map((delayMs) => ({ next: 'restart', delayMs })),
      { next: 'give-up', reason: '5 restarts within 60 s' },
    ]);
  });

  it('counts within the window only', () => {
    expect(failures(policy(), 20, 12_001).every(({ next }) => next === 'restart')).toBe(true);
    expect(failures(policy(), 20, 11_999).at(5)).toMatchObject({ next: 'give-up' });
  });

  it('begins with the first pause again after a run of a whole window', () => {
    const rules = policy({ maxRestarts: 100 });
    expect(failures(rules, 3, 1000).at(-1)).toEqual({ next: 'restart', delayMs: 2000 });
    expect(rules.decide({ failed: true, ranMs: 60_000, nowMs: 90_000 })).toEqual({
      next: 'restart',
      delayMs: 500,
    });
  });

  it('leaves half of a pause to chance', () => {
    const shortest = new RestartPolicy(RULES, () => 0);
    expect(shortest.decide({ failed: true, ranMs: 0, nowMs: 0 })).toEqual({ next: 'restart', delayMs: 250 });
  });

  it('restarts nothing where no restart is allowed', () => {
    expect(failures(policy({ maxRestarts: 0 }), 1, 0)).toEqual([
      { next: 'give-up', reason: '0 restarts within 60 s' },
    ]);
  });
});
