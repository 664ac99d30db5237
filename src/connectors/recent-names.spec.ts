import { expect, it } from '@jest/globals';
import { RecentNames } from './recent-names.js';

it('the oldest of too many names is forgotten', () => {
  const names = new RecentNames(3);
  for (const name of ['a', 'b', 'a', 'c', 'd']) names.add(name);
  expect([...names]).toEqual(['b', 'c', 'd']);
  names.delete('c');
  names.add('e');
  expect([...names]).toEqual(['b', 'd', 'e']);
});
