import { beforeEach, describe, expect, it } from '@jest/globals';
import { Heartbeat } from './heartbeat.js';

describe('Heartbeat', () => {
  const client = { receivedBytes: 0, isPaused: false };
  let heartbeat: Heartbeat;

  beforeEach(() => {
    Object.assign(client, { receivedBytes: 0, isPaused: false });
    heartbeat = new Heartbeat(client, 100);
    heartbeat.check(1000);
  });

  const checks = (...times: readonly number[]): readonly (string | undefined)[] =>
    times.map((nowMs) => heartbeat.check(nowMs));

  it('asks in each interval of silence, and gives up after three', () => {
    expect(checks(1050, 1099, 1100, 1150, 1200, 1250, 1299, 1300)).toEqual([
      undefined,
      undefined,
      'ask',
      undefined,
      'ask',
      undefined,
      undefined,
      'give-up',
    ]);
  });

  it('says nothing to a client that is heard', () => {
    for (let nowMs = 1000; nowMs < 5000; nowMs += 99) {
      client.receivedBytes++;
      expect(heartbeat.check(nowMs)).toBeUndefined();
    }
  });

  it('begins anew with an answer', () => {
    expect(checks(1100, 1290)).toEqual(['ask', 'ask']);
    client.receivedBytes = 24;
    expect(checks(1299, 1398, 1399, 1598, 1599)).toEqual([undefined, undefined, 'ask', 'ask', 'give-up']);
  });

  it('goes on asking whom nobody reads from, and gives it time when it is read from again', () => {
    client.isPaused = true;
    expect(checks(1100, 1150, 1200, 1300, 1400, 1500)).toEqual([
      'ask',
      undefined,
      'ask',
      'ask',
      'ask',
      'ask',
    ]);
    client.isPaused = false;
    expect(checks(1600, 1700, 1799, 1800)).toEqual(['ask', 'ask', undefined, 'give-up']);
  });
});
