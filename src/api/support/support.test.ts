import { expect, test } from '@jest/globals';
import { kinds } from '../kinds.ts';
import { leafPaths } from '../schema/paths.ts';
import { formatFieldError } from '../validation/field-error.ts';
import { validateObject } from '../validate-object.ts';
import { aBareCluster, aCluster } from '../testing/a-cluster.ts';
import { validateCluster } from '../cluster/rules/validate-cluster.ts';
import { compatibility, compatibilityDocument, summaryLine } from './compatibility.ts';
import { decidingRow, only, under } from './support.ts';
import { supportTables } from './tables.ts';

const specKinds = kinds.filter((kind) => kind.spec);

test('every kind with a spec has a table, and every table a kind', () => {
  expect(Object.keys(supportTables).sort()).toEqual(specKinds.map(({ kind }) => kind).sort());
});

test.each(specKinds.map((kind) => [kind.kind, kind] as const))(
  '%s: every field has a row, every row a field',
  (name, kind) => {
    const table = supportTables[name] ?? {};
    const leaves = kind.spec ? leafPaths(kind.spec) : [];
    const deciding = leaves.map((path) => [path, decidingRow(table, path)] as const);
    expect(deciding.filter(([, row]) => row === undefined)).toEqual([]);
    const used = new Set(deciding.map(([, row]) => row));
    expect(Object.keys(table).filter((row) => !used.has(row))).toEqual([]);
  },
);

test('the nearest row decides', () => {
  const table = { 'a[]': 'honoured', 'a[].b': 'refused', ...under('c', { d: only('x') }) } as const;
  expect(decidingRow(table, 'a[].b.c')).toBe('a[].b');
  expect(decidingRow(table, 'a[].bc')).toBe('a[]');
  expect(decidingRow(table, 'c.d')).toBe('c.d');
  expect(decidingRow(table, 'c')).toBeUndefined();
});

const refusals = (cluster: Parameters<typeof validateCluster>[0]): string[] =>
  validateCluster(cluster)
    .errors.map(formatFieldError)
    .filter((line) => line.includes('not supported'));

const store = (spec: object) => ({
  backup: {
    barmanObjectStore: {
      destinationPath: 's3://backups/',
      s3Credentials: { inheritFromIAMRole: true },
      ...spec,
    },
  },
});

test.each([
  [
    'a field that nothing honours',
    { postgresql: { ldap: { server: 'x' } } },
    ['spec.postgresql.ldap: not supported by this version of Howdah'],
  ],
  ['its default value', { failoverDelay: 0, primaryUpdateStrategy: 'unsupervised', managed: {} }, []],
  [
    'a section that nothing honours',
    { managed: { roles: [{ name: 'a' }] } },
    ['spec.managed.roles: not supported by this version of Howdah'],
  ],
  [
    'a field of an entry',
    {
      externalClusters: [
        { name: 'a', ...store({}).backup },
        { name: 'b', connectionParameters: { host: 'b' } },
      ],
    },
    ['spec.externalClusters[1].connectionParameters: not supported by this version of Howdah'],
  ],
  [
    'a store of another kind',
    store({ azureCredentials: { useDefaultAzureCredentials: true }, googleCredentials: { gkeEnvironment: true } }),
    ['azureCredentials', 'googleCredentials'].map(
      (field) =>
        `spec.backup.barmanObjectStore.${field}: not supported by this version of Howdah: backups are kept in stores that speak S3; allowed: s3Credentials`,
    ),
  ],
  [
    'volume snapshots',
    { backup: { volumeSnapshot: { className: 'fast' } } },
    [
      'spec.backup.volumeSnapshot: not supported by this version of Howdah: backups are kept in an object store; allowed: barmanObjectStore, or the plugin barman-cloud.cloudnative-pg.io',
    ],
  ],
  ['a value that is honoured', store({ wal: { compression: 'gzip' } }), []],
  [
    'a value that is not',
    store({ data: { compression: 'bzip2' } }),
    [
      'spec.backup.barmanObjectStore.data.compression: "bzip2": not supported by this version of Howdah; allowed: gzip, lz4 or snappy',
    ],
  ],
] as const)('%s', (_name, spec, expected) => {
  expect(refusals(aCluster(spec as never))).toEqual(expected);
});

const cluster = { name: 'example' };
test.each([
  ['Publication', { cluster, name: 'all', dbname: 'app', target: { allTables: true } }],
  ['Pooler', { cluster, pgbouncer: { poolMode: 'session' } }],
  ['Database', { cluster, name: 'app', owner: 'app' }],
])('a kind that nothing reconciles is refused whole: %s', (kind, spec) => {
  const object = { kind, metadata: { name: 'all', namespace: 'default' }, spec };
  expect(validateObject(object).errors.map(formatFieldError)).toEqual([
    'spec: not supported by this version of Howdah',
  ]);
});

test('a bare Cluster sets nothing that is refused, before and after defaulting', () => {
  expect(refusals(aBareCluster())).toEqual([]);
  expect(refusals(aCluster())).toEqual([]);
});

test('the counts are those of the document', () => {
  const document = compatibilityDocument(kinds);
  for (const entry of compatibility(kinds)) {
    expect(document).toContain(`${summaryLine(entry)}.`);
    for (const { path } of entry.fields) expect(document).toContain(`| \`spec.${path}\` |`);
    expect(entry.honoured).toBeLessThanOrEqual(entry.fields.length);
  }
});
