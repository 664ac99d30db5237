import { describe, expect, it } from '@jest/globals';
import { createArena } from '../../arena/create-arena.js';
import { ArenaSpaceService } from '../../arena/arena-space.js';
import { testConfig } from '../../../test/support/engine.js';
import { systemClock } from '../../common/clock.js';
import { type ConnectorContext } from '../connector-definition.interface.js';
import { parseConnectorUrl } from '../connector-url.js';
import { getConnectorToken } from '../connectors.tokens.js';
import { lmConnector } from './lm.module.js';

/** Makes what the module of a tier with this URL provides. */
async function make(url: string, options: ConnectorContext['options'] = {}): Promise<unknown> {
  const target = { tier: 'remote', url: parseConnectorUrl(url), options, extraConfig: {} };
  const { providers = [] } = lmConnector.register(target, () => lmConnector);
  const provider = providers.find(
    (candidate) => typeof candidate === 'object' && candidate.provide === getConnectorToken('remote'),
  ) as { useFactory: (...parts: unknown[]) => unknown };
  const arena = createArena({ capacityBytes: 2 ** 22, native: false });
  try {
    return await provider.useFactory(arena, new ArenaSpaceService(arena), systemClock, testConfig());
  } finally {
    arena.close();
  }
}

describe('lm:// in the configuration', () => {
  it.each(['lm://localhost', 'lm://10.0.0.1:65432', 'lm://[::1]:7/', 'lm://h?connections=8&keys=any'])(
    'may be %s',
    async (url) => expect(await make(url)).toHaveProperty('capabilities.metadata', 'lmcache'),
  );

  it('takes options of its tier', async () => {
    expect(await make('lm://h', { connections: 2, connect_timeout_ms: 100 })).toBeDefined();
  });

  it.each([
    'lm://',
    'lm://a,b',
    'lm://user@h',
    'lm://u:p@h',
    'lm://h/path',
    'lm://h?connections=0',
    'lm://h?keys=none',
    'lm://h?connexions=2',
  ])('may not be %s', async (url) => {
    await expect(make(url)).rejects.toThrow(expect.objectContaining({ code: 'KV_CONFIG_INVALID' }));
  });
});
