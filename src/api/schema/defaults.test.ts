import { expect, test } from '@jest/globals';
import { isDefault, withDefaults } from './defaults.ts';
import { flag, integer, list, map, object, text } from './schema.ts';

const inner = object('Inner', '', { enabled: flag('', { default: true }), note: text('') });
const schema = object('Outer', '', {
  inner,
  made: object('Made', '', { size: integer('', { default: 3 }) }, { default: {} }),
  items: list(inner, ''),
  entries: map(inner, ''),
});

test('defaults are filled in where their object is there, or has a default itself', () => {
  expect(withDefaults(schema, {})).toEqual({ made: { size: 3 } });
  expect(
    withDefaults(schema, { inner: {}, items: [{}], entries: { a: { enabled: false } }, made: { size: 1 } }),
  ).toEqual({
    inner: { enabled: true },
    items: [{ enabled: true }],
    entries: { a: { enabled: false } },
    made: { size: 1 },
  });
});

test('what is given is neither changed nor shared', () => {
  const given = { inner: {} };
  const result = withDefaults(schema, given) as { made: { size: number } };
  expect(given).toEqual({ inner: {} });
  result.made.size = 9;
  expect(withDefaults(schema, {})).toEqual({ made: { size: 3 } });
});

test.each([
  ['nothing', inner, undefined, true],
  ['an empty object', inner, {}, true],
  ['the default itself', inner, { enabled: true }, true],
  ['the opposite of the default', inner, { enabled: false }, false],
  ['a text', inner, { note: 'a' }, false],
  ['an empty text', inner, { note: '' }, true],
  ['false where nothing else is the default', flag(''), false, true],
  ['true where nothing is the default', flag(''), true, false],
  ['0 where nothing is the default', integer(''), 0, false],
  ['an empty list', list(inner, ''), [], true],
  ['a list with an empty object', list(inner, ''), [{}], false],
  ['an empty map', map(text(''), ''), {}, true],
  ['a map', map(text(''), ''), { a: 'b' }, false],
])('%s', (_name, of, value, expected) => {
  expect(isDefault(of, value)).toBe(expected);
});
