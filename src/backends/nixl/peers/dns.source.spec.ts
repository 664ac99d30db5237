import { afterEach, expect, it, jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DnsSource } from './dns.source.js';
import { type PeerAddress } from './peer-address.js';

afterEach(() => {
  jest.useRealTimers();
});

/** The names of addresses come from a list of answers, an Error for one that fails. */
function sourceOver(answers: readonly (readonly string[] | Error)[]) {
  const lines: string[] = [];
  let next = 0;
  const source = new DnsSource({
    what: 'Tier "peers"',
    host: 'cache.svc',
    everyMs: 100,
    addressOf: (ip) => ({ name: `${ip}:7070` }) as PeerAddress,
    logger: { log: (line) => lines.push(line), warn: (line) => lines.push(line) },
    resolve: () => {
      const answer = answers[Math.min(next++, answers.length - 1)];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? []);
    },
  });
  const told: string[][] = [];
  const start = (): Promise<void> => source.start((peers) => void told.push(peers.map(({ name }) => name)));
  return { source, told, lines, start };
}

it('tells all addresses of a name, and again when they have changed', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance'] });
  const { source, told, start } = sourceOver([
    ['10.0.0.2', '10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.3'],
  ]);
  await start();
  expect(told).toEqual([['10.0.0.1:7070', '10.0.0.2:7070']]);
  for (let i = 0; i < 2; i++) {
    jest.advanceTimersByTime(100);
    await nextTurn();
  }
  expect(told.slice(1)).toEqual([['10.0.0.3:7070']]);
  await source.stop();
  jest.advanceTimersByTime(1_000);
  await nextTurn();
  expect(told).toHaveLength(2);
});

it('leaves peers as they are while the name cannot be resolved, and says so once', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance'] });
  const no = new Error('getaddrinfo ENOTFOUND');
  const { source, told, lines, start } = sourceOver([['10.0.0.1'], no, no, ['10.0.0.1']]);
  await start();
  for (let i = 0; i < 4; i++) {
    jest.advanceTimersByTime(100);
    await nextTurn();
  }
  expect(told).toHaveLength(1);
  expect(lines).toEqual([
    expect.stringContaining('cannot be resolved'),
    expect.stringContaining('is resolved again'),
  ]);
  await source.stop();
});
