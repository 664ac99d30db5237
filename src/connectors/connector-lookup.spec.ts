import { describe, expect, it } from '@jest/globals';
import { type ConnectorDefinition } from './connector-definition.interface.js';
import { connectorLookup } from './connector-lookup.js';

function definition(type: string, ...schemes: readonly string[]): ConnectorDefinition {
  return { type, schemes, register: () => ({ module: class {} }) };
}

describe('the connector of a scheme', () => {
  const find = connectorLookup([definition('mine', 'redis'), definition('redis', 'redis', 'rediss')]);

  it('is the first that understands it', () => {
    expect(find('redis').type).toBe('mine');
    expect(find('rediss').type).toBe('redis');
  });

  it.each([
    ['redix', /did you mean redis/],
    ['eic', /Elastic Instant Cache, which kvnest does not speak to/],
  ])('is refused where nobody understands it: %s', (scheme, message) => {
    expect(() => find(scheme)).toThrow(
      expect.objectContaining({
        code: 'KV_CONFIG_UNKNOWN_SCHEME',
        message: expect.stringMatching(message),
        remedy: expect.stringContaining(`external_connector.${scheme}.module_path`),
      }),
    );
  });
});
