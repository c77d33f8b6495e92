import { expect, test } from '@jest/globals';
import { fits } from './fits.ts';
import { flag, integer, kubernetes, list, map, object, quantity, required, text } from './schema.ts';

const schema = object('A', '', {
  name: required(text('')),
  count: integer(''),
  on: flag(''),
  size: quantity(''),
  items: list(text(''), ''),
  labels: map(text(''), ''),
  env: kubernetes('V1EnvVar', ''),
});

test.each([
  [
    'everything',
    { name: 'a', count: 1, on: true, size: '1Gi', items: ['a'], labels: { a: 'b' }, env: { name: 'a' } },
    true,
  ],
  ['nothing', {}, true],
  ['an unknown field', { other: 1 }, true],
  ['no object', 'a', false],
  ['a list', [], false],
  ['null', null, false],
  ['a field that is null', { items: null }, false],
  ['a number for a text', { name: 1 }, false],
  ['a text for a number', { count: '1' }, false],
  ['a text for a flag', { on: 'true' }, false],
  ['a flag for a quantity', { size: true }, false],
  ['a text for a list', { items: 'a' }, false],
  ['a number in a list', { items: ['a', 1] }, false],
  ['a text for a map', { labels: 'a' }, false],
  ['a number in a map', { labels: { a: 1 } }, false],
  ['a text for a Kubernetes type', { env: 'a' }, false],
])('%s', (_name, value, expected) => {
  expect(fits(schema, value)).toBe(expected);
});
