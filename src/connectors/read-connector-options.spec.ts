import { expect, it } from '@jest/globals';
import { OneOf, WholeNumber } from '../config/schema/setting.decorators.js';
import { parseConnectorUrl } from './connector-url.js';
import { readConnectorOptions } from './read-connector-options.js';

class Options {
  @OneOf('pair', 'sealed')
  layout = 'pair';

  @WholeNumber({ min: 1, max: 64 })
  connections = 4;
}

it('reads the options of the tier and the parameters of the URL, which win', () => {
  const url = parseConnectorUrl('redis://h?layout=sealed&connections=8');
  const options = { layout: 'pair' };
  expect(readConnectorOptions(Options, { tier: 'far', url, options })).toEqual({
    layout: 'sealed',
    connections: 8,
  });
});

it.each([
  ['redis://h?layuot=sealed', {}],
  ['redis://h', { layuot: 'sealed' }],
])('refuses what nobody knows, in %s with %j', (text, options) => {
  const target = { tier: 'far', url: parseConnectorUrl(text), options };
  expect(() => readConnectorOptions(Options, target)).toThrow(/options\.layuot: .*did you mean layout/);
});
