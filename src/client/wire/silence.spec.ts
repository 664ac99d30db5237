import { describe, expect, it } from '@jest/globals';
import { Silence, type SilenceVerdict } from './silence.js';

const LIMITS = { heartbeatMs: 1000, unresponsiveMs: 400 };

describe('the silence of the other side', () => {
  const calm = { receivedBytes: 10, unsentBytes: 0, isBusy: false, isPaused: false };

  function watch(
    silence: Silence,
    times: number,
    state: Partial<typeof calm> = {},
  ): readonly SilenceVerdict[] {
    return Array.from({ length: times }, () => silence.check({ ...calm, ...state }, 100, LIMITS));
  }

  it('of an idle connection: asked after a heartbeat, dead after three', () => {
    const verdicts = watch(new Silence(), 40);
    expect(verdicts.indexOf('ask')).toBe(10);
    expect(verdicts.filter((verdict) => verdict === 'ask')).toHaveLength(1);
    expect(verdicts.indexOf('dead')).toBe(30);
  });

  it('of one that owes an answer: dead soon', () => {
    const silence = new Silence();
    watch(silence, 9);
    const verdicts = watch(silence, 10, { isBusy: true });
    expect(verdicts.indexOf('ask')).toBe(2);
    expect(verdicts.indexOf('dead')).toBe(4);
  });

  it('ends with every byte that comes, or that is taken', () => {
    const silence = new Silence();
    for (let i = 0; i < 50; i++)
      expect(watch(silence, 1, { isBusy: true, receivedBytes: i })).toEqual(['alive']);
    for (let i = 50; i > 0; i--)
      expect(watch(silence, 1, { isBusy: true, receivedBytes: 50, unsentBytes: i })).toEqual(['alive']);
  });

  it('of one that is not read from on purpose is ours: we say something, and it is never dead', () => {
    const verdicts = watch(new Silence(), 100, { isBusy: true, isPaused: true });
    expect(new Set(verdicts)).toEqual(new Set(['alive', 'ask']));
    expect(verdicts.filter((verdict) => verdict === 'ask').length).toBeGreaterThan(8);
  });
});
