import { expect, test } from '@jest/globals';
import type { Database, DatabaseSpec } from '../generated/database.ts';
import { errorsOf } from '../testing/errors-of.ts';
import { defaultDatabase } from './defaults.ts';
import { validateDatabase } from './validate.ts';

const database = (spec: Partial<DatabaseSpec> = {}): Database =>
  defaultDatabase({
    metadata: { name: 'shop', namespace: 'default' },
    spec: { cluster: { name: 'example' }, name: 'shop', owner: 'shop', ...spec },
  });

test('what is left out is said', () => {
  const once = database({ schemas: [{ name: 'a' }] });
  expect(once.spec).toMatchObject({
    ensure: 'present',
    databaseReclaimPolicy: 'retain',
    schemas: [{ ensure: 'present' }],
  });
  expect(defaultDatabase(once)).toEqual(once);
});

test.each<[string, Partial<DatabaseSpec>, string[]]>([
  ['a database', { fdws: [{ name: 'a' }], servers: [{ name: 'b', fdw: 'a' }] }, []],
  [
    'a schema twice',
    { schemas: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] },
    ['spec.schemas[2].name: "a": is there twice'],
  ],
  [
    'an extension twice',
    { extensions: [{ name: 'a' }, { name: 'a' }] },
    ['spec.extensions[1].name: "a": is there twice'],
  ],
  [
    'a server of no wrapper',
    { servers: [{ name: 'b', fdw: 'a' }] },
    ['spec.servers[0].fdw: "a": must be the name of an entry of fdws'],
  ],
  [
    'an option and a user twice',
    {
      fdws: [
        {
          name: 'a',
          options: [
            { name: 'o', value: '1' },
            { name: 'o', value: '2' },
          ],
          usage: [{ name: 'u' }, { name: 'u' }],
        },
      ],
    },
    ['spec.fdws[0].options[1].name: "o": is there twice', 'spec.fdws[0].usage[1].name: "u": is there twice'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateDatabase(database(spec)))).toEqual(expected);
});
