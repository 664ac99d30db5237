import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/clock.js';
import { RecordingLogger } from '../../../test/support/recording-logger.js';
import { MediumHealth } from './medium-health.js';

const FAILURE = new Error('EIO');

function failing() {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const health = new MediumHealth('the disk', clock, logger);
  health.failed(FAILURE);
  return { clock, logger, health };
}

describe('MediumHealth', () => {
  it('lets one operation through per pause, and the pauses grow to a minute', () => {
    const { clock, health } = failing();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      let pauseMs = 0;
      while (!health.allows()) {
        clock.advance(500);
        pauseMs += 500;
      }
      expect(health.allows()).toBe(false);
      health.failed(FAILURE);
      pauses.push(pauseMs);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
  });

  it('does not count what failed together as failures in a row', () => {
    const { clock, health } = failing();
    for (let i = 0; i < 10; i++) health.failed(FAILURE);
    clock.advance(1_000);
    expect(health.allows()).toBe(true);
  });

  it('says once that it fails and once that it works again', () => {
    const { clock, health, logger } = failing();
    for (let i = 0; i < 5; i++) {
      clock.advance(60_000);
      health.allows();
      health.failed(FAILURE);
    }
    expect(logger.lines).toHaveLength(1);
    health.succeeded();
    health.succeeded();
    expect(health.healthy).toBe(true);
    expect(logger.lines.map(({ level }) => level)).toEqual(['error', 'log']);
    health.failed(FAILURE);
    expect(logger.count('error')).toBe(2);
  });
});
