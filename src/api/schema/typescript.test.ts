import { expect, test } from '@jest/globals';
import type { Kind } from './kind.ts';
import { choice, integer, list, object, required, text } from './schema.ts';
import { fileName, toTypeScript } from './typescript.ts';

const shared = object('Shared', 'Both have it.', { name: required(text('A name.')) });
const kind = (name: string, fields: Parameters<typeof object>[2]): Kind => ({
  kind: name,
  plural: `${name.toLowerCase()}s`,
  namespaced: true,
  description: `A ${name}.`,
  spec: object(`${name}Spec`, '', fields),
  columns: [],
});

test('a type that two kinds have is written once', () => {
  const modules = toTypeScript([kind('First', { shared }), kind('SecondOne', { list: list(shared, '') })]);
  expect([...modules.keys()]).toEqual(['shared', 'first', 'second-one']);
  expect(modules.get('shared')).toContain('export interface Shared {\n  /** A name. */\n  name: string;\n}');
  expect(modules.get('first')).toContain('  shared?: Shared;');
  expect(modules.get('second-one')).toContain('  list?: Shared[];');
});

test('a choice is a union, and the default is in the comment', () => {
  const modules = toTypeScript([
    kind('One', { mode: choice(['a', 'b'], 'A mode.', { default: 'a' }), count: integer('') }),
  ]);
  expect(modules.get('one')).toContain("  /** A mode. Default: \"a\". */\n  mode?: 'a' | 'b';");
});

test('two types of one name are a mistake', () => {
  const other = object('Shared', '', { size: integer('') });
  expect(() => toTypeScript([kind('One', { shared, other })])).toThrow('two different types are named Shared');
});

test.each([
  ['Cluster', 'cluster'],
  ['ClusterImageCatalog', 'cluster-image-catalog'],
])('the module of %s is %s', (name, expected) => {
  expect(fileName(kind(name, {}))).toBe(expected);
});
