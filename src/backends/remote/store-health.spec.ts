import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RecordingLogger } from '../../../test/support/recording-logger.js';
import { ScriptedConnector } from '../../../test/support/scripted.connector.js';
import { StoreHealth } from './store-health.js';

const STEADY_MS = 1_000;

describe('the lines of a store that gets in and out of order', () => {
  let logger: RecordingLogger;
  let health: StoreHealth;
  let answers: number;

  beforeEach(async () => {
    jest.useFakeTimers();
    logger = new RecordingLogger();
    answers = 0;
    health = new StoreHealth({
      tier: 'far',
      what: 'the store',
      pingIntervalMs: 100_000,
      pingAttempts: 1,
      steadyMs: STEADY_MS,
      logger,
      onAnswer: () => answers++,
    });
    const connector = new ScriptedConnector();
    connector.script = () => true;
    await health.start(connector);
  });
  afterEach(() => {
    health.stop();
    jest.useRealTimers();
  });

  const fail = (): void => health.onCircuit('open', new Error('no'));
  const recover = (): void => {
    health.onCircuit('half-open', undefined);
    health.onCircuit('closed', undefined);
  };
  const levels = (): string[] => logger.lines.map(({ level }) => level);

  it('are one for each change', () => {
    for (let i = 0; i < 3; i++) {
      fail();
      recover();
      jest.advanceTimersByTime(STEADY_MS);
    }
    expect(levels()).toEqual(['warn', 'log', 'warn', 'log', 'warn', 'log']);
  });

  it('are few when it keeps changing, until it is in order for a while; each time it is asked what it can be asked', () => {
    for (let i = 0; i < 100; i++) {
      fail();
      jest.advanceTimersByTime(STEADY_MS);
      recover();
      jest.advanceTimersByTime(STEADY_MS / 2);
    }
    expect(levels()).toEqual(['warn', 'log', 'warn']);
    expect(answers).toBe(101);
    jest.advanceTimersByTime(STEADY_MS / 2);
    expect(levels()).toEqual(['warn', 'log', 'warn', 'log']);
    jest.advanceTimersByTime(STEADY_MS);
    fail();
    recover();
    expect(levels().slice(4)).toEqual(['warn', 'log']);
  });
});
