import { describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../../connectors/connector-url.js';
import { RemoteOptions, type SplitOptions, splitRemoteOptions } from './remote.config.js';

function split(url: string, options: Readonly<Record<string, unknown>> = {}): SplitOptions {
  return splitRemoteOptions({ tier: 'far', url: parseConnectorUrl(url), options, extraConfig: {} });
}

describe('options of a remote tier', () => {
  it('have defaults', () => {
    expect(split('redis://h').remote).toEqual(new RemoteOptions());
  });

  it('come from the tier and from its URL, which wins; the connector gets the rest', () => {
    const { remote, connector } = split('redis://h?serde=zstd&layout=sealed&queue=1MiB', {
      serde: 'naive',
      timeout_ms: 50,
      connections: 3,
    });
    expect(remote).toMatchObject({ serde: 'zstd', queue: 2 ** 20, timeout_ms: 50 });
    expect(connector.options).toEqual({ connections: 3 });
    expect(connector.url).toMatchObject({ scheme: 'redis', parameters: new Map([['layout', 'sealed']]) });
  });

  it('are all checked', () => {
    expect(() => split('redis://h?serde=kivi', { retries: -1 })).toThrow(
      expect.objectContaining({
        code: 'KV_CONFIG_INVALID',
        details: {
          problems: ['serde', 'retries'].map((name) =>
            expect.objectContaining({ path: `options.${name}` }),
          ) as unknown[],
        },
      }),
    );
  });
});
