import { describe, expect, it } from '@jest/globals';
import { type NixlAgent } from './agent/nixl-agent.interface.js';
import { nixlUnavailable } from './nixl-errors.js';
import { NixlHost } from './nixl-host.js';

describe('NixlHost', () => {
  const lines: string[] = [];
  const logger = {
    log: (line: string) => void lines.push(line),
    warn: (line: string) => void lines.push(line),
  };

  /** An agent that only counts how often one was started and closed. */
  function counted(): { host: NixlHost; counts: { started: number; closed: number } } {
    const counts = { started: 0, closed: 0 };
    const start = (): Promise<NixlAgent> => {
      counts.started++;
      const agent: Partial<NixlAgent> = {
        version: '1',
        health: () => ({
          up: true,
          error: 'the last thing that went wrong',
          peers: ['a', 'b'],
          inFlight: { transfers: 1, bytes: 10 },
          quarantined: { transfers: 2, bytes: 20 },
        }),
        close: () => {
          counts.closed++;
          return Promise.resolve();
        },
      };
      return Promise.resolve(agent as NixlAgent);
    };
    return { host: new NixlHost({ start, logger }), counts };
  }

  it('starts one agent for all its users, and closes it with the last of them', async () => {
    const { host, counts } = counted();
    await Promise.all([host.enter(false), host.enter(true)]);
    expect(counts).toEqual({ started: 1, closed: 0 });
    await host.leave();
    expect(host.agent()).toBeDefined();
    await host.leave();
    expect(counts).toEqual({ started: 1, closed: 1 });
    expect(host.agent()).toBeUndefined();
    await host.enter(false);
    expect(counts.started).toBe(2);
  });

  it('tells how its agent is', async () => {
    const { host } = counted();
    expect(host.status()).toMatchObject({
      library: 'NIXL',
      up: false,
      reason: 'it is not started',
      peers: 0,
    });
    await host.enter(false);
    expect(host.status()).toEqual({
      library: 'NIXL 1',
      up: true,
      reason: 'the last thing that went wrong',
      peers: 2,
      inFlight: { transfers: 1, bytes: 10 },
      quarantined: { transfers: 2, bytes: 20 },
    });
    await host.leave();
  });

  it('goes without where it may, and says why in one line', async () => {
    lines.splice(0);
    const start = (): Promise<NixlAgent> => Promise.reject(nixlUnavailable('nothing', ['/a: not there']));
    const host = new NixlHost({ start, logger });
    await host.enter(false);
    expect(host.agent()).toBeUndefined();
    expect(host.reason).toContain('nothing');
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(host.status()).toMatchObject({ up: false, quarantined: { transfers: 0 } });
    expect(host.status().reason).toBe(`NIXL is not in use, chunks of peers come over TCP: ${host.reason}`);
    await expect(host.enter(true)).rejects.toMatchObject({ code: 'KV_NIXL_UNAVAILABLE' });
    await host.leave();
  });
});
