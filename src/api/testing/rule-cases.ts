// For every CEL rule of the CustomResourceDefinitions an object, or a change of one, that it refuses. Any API server that takes the
// definitions can be held against them.

export interface RuleCase {
  readonly kind: string;
  /** Accepted; what `refused` is a change of, when the rule is about changes. */
  readonly before?: Spec;
  readonly refused: Spec;
  /** The message of the rule. */
  readonly message: string;
}

type Spec = Readonly<Record<string, unknown>>;

const storage = { size: '1Gi' };
const cluster = (spec: Spec = {}): Spec => ({ instances: 3, storage, ...spec });
const catalog = { apiGroup: 'postgresql.cnpg.io', kind: 'ImageCatalog', name: 'images' };
const synchronous = (spec: Spec): Spec =>
  cluster({ postgresql: { synchronous: { method: 'any', number: 1, ...spec } } });
const initdb = (spec: Spec): Spec => cluster({ bootstrap: { initdb: spec } });

const clusterCases: readonly RuleCase[] = [
  {
    kind: 'Cluster',
    refused: cluster({ imageName: 'postgresql:18.1', imageCatalogRef: { ...catalog, major: 18 } }),
    message: 'imageName and imageCatalogRef are mutually exclusive',
  },
  {
    kind: 'Cluster',
    before: cluster({ serviceAccountName: 'one' }),
    refused: cluster({ serviceAccountName: 'another' }),
    message: 'serviceAccountName is immutable',
  },
  {
    kind: 'Cluster',
    refused: cluster({ imageCatalogRef: { ...catalog, kind: 'Catalog', major: 18 } }),
    message: 'imageCatalogRef.kind must be ImageCatalog or ClusterImageCatalog',
  },
  {
    kind: 'Cluster',
    refused: cluster({ imageCatalogRef: { ...catalog, apiGroup: 'example.com', major: 18 } }),
    message: 'imageCatalogRef.apiGroup must be postgresql.cnpg.io',
  },
  {
    kind: 'Cluster',
    refused: synchronous({ number: 0 }),
    message: 'The number of synchronous replicas should be greater than zero',
  },
  {
    kind: 'Cluster',
    refused: synchronous({ dataDurability: 'preferred', standbyNamesPre: ['a'] }),
    message: "standbyNamesPre must be empty when dataDurability is set to 'preferred'",
  },
  {
    kind: 'Cluster',
    refused: synchronous({ dataDurability: 'preferred', standbyNamesPost: ['a'] }),
    message: "standbyNamesPost must be empty when dataDurability is set to 'preferred'",
  },
  {
    kind: 'Cluster',
    refused: synchronous({ podFailureDomainKeys: ['a'], nodeFailureDomainKeys: ['b'] }),
    message: 'podFailureDomainKeys and nodeFailureDomainKeys are mutually exclusive',
  },
  {
    kind: 'Cluster',
    refused: cluster({
      postgresql: {
        syncReplicaElectionConstraint: { enabled: true, nodeLabelsAntiAffinity: ['zone'] },
        synchronous: { method: 'any', number: 1, nodeFailureDomainKeys: ['zone'] },
      },
    }),
    message: 'syncReplicaElectionConstraint and the failure domain keys of synchronous are mutually exclusive',
  },
  {
    kind: 'Cluster',
    refused: initdb({ builtinLocale: 'C.UTF-8' }),
    message: 'builtinLocale is only available when localeProvider is set to `builtin`',
  },
  {
    kind: 'Cluster',
    refused: initdb({ localeProvider: 'libc', icuLocale: 'de' }),
    message: 'icuLocale is only available when localeProvider is set to `icu`',
  },
  {
    kind: 'Cluster',
    refused: initdb({ icuRules: '&V << w' }),
    message: 'icuRules is only available when localeProvider is set to `icu`',
  },
];

const backup = { cluster: { name: 'example' } };
const schedule = { ...backup, schedule: '0 0 0 * * *' };
const pooler = (spec: Spec = {}, pgbouncer: Spec = {}): Spec => ({ ...backup, ...spec, pgbouncer });
const anotherCluster = { cluster: { name: 'other' } };

const backupCases: readonly RuleCase[] = [
  {
    kind: 'Backup',
    before: backup,
    refused: { ...backup, target: 'primary' },
    message: 'BackupSpec is immutable once set',
  },
  {
    kind: 'ScheduledBackup',
    before: schedule,
    refused: { ...schedule, ...anotherCluster },
    message: 'cluster is immutable',
  },
];

const poolerCases: readonly RuleCase[] = [
  { kind: 'Pooler', before: pooler(), refused: pooler(anotherCluster), message: 'cluster is immutable' },
  {
    kind: 'Pooler',
    before: pooler({ serviceAccountName: 'one' }),
    refused: pooler(),
    message: 'serviceAccountName is immutable',
  },
  {
    kind: 'Pooler',
    refused: pooler({}, { image: 'pgbouncer:1', imageCatalogRef: { ...catalog, key: 'pgbouncer' } }),
    message: 'image and imageCatalogRef are mutually exclusive',
  },
  {
    kind: 'Pooler',
    refused: pooler({}, { imageCatalogRef: { ...catalog, kind: 'Catalog', key: 'pgbouncer' } }),
    message: 'imageCatalogRef.kind must be ImageCatalog or ClusterImageCatalog',
  },
  {
    kind: 'Pooler',
    refused: pooler({}, { imageCatalogRef: { kind: 'ImageCatalog', name: 'images', key: 'pgbouncer' } }),
    message: 'imageCatalogRef.apiGroup must be postgresql.cnpg.io',
  },
];

const images = [{ image: 'postgresql:18.1', major: 18 }];
const component = { key: 'pgbouncer', image: 'pgbouncer:1' };

const catalogCases: readonly RuleCase[] = ['ImageCatalog', 'ClusterImageCatalog'].flatMap((kind) => [
  { kind, refused: { images: [...images, ...images] }, message: 'Images must have unique major versions' },
  {
    kind,
    refused: { images, componentImages: [component, component] },
    message: 'Component images must have unique keys',
  },
]);

const database = (spec: Spec = {}): Spec => ({ ...backup, name: 'shop', owner: 'shop', ...spec });
const fixed: Readonly<Record<string, readonly [string, string]>> = {
  template: ['template0', 'template1'],
  encoding: ['UTF8', 'LATIN1'],
  locale: ['C', 'de_DE'],
  localeProvider: ['libc', 'icu'],
  localeCollate: ['C', 'de_DE'],
  localeCType: ['C', 'de_DE'],
  collationVersion: ['1', '2'],
};
const icu = { localeProvider: 'icu', icuLocale: 'de' };

const databaseCases: readonly RuleCase[] = [
  { before: database(), refused: database(anotherCluster), message: 'cluster is immutable' },
  { before: database(), refused: database({ name: 'store' }), message: 'name is immutable' },
  ...['postgres', 'template0', 'template1'].map((name) => ({
    refused: database({ name }),
    message: `the name ${name} is reserved`,
  })),
  ...Object.entries(fixed).map(([name, [one, another]]) => ({
    before: database({ [name]: one }),
    refused: database({ [name]: another }),
    message: `${name} is immutable`,
  })),
  { before: database(icu), refused: database({ ...icu, icuLocale: 'en' }), message: 'icuLocale is immutable' },
  {
    before: database({ ...icu, icuRules: '&V << w' }),
    refused: database({ ...icu, icuRules: '&W << v' }),
    message: 'icuRules is immutable',
  },
  {
    before: database({ localeProvider: 'builtin', builtinLocale: 'C' }),
    refused: database({ localeProvider: 'builtin', builtinLocale: 'C.UTF-8' }),
    message: 'builtinLocale is immutable',
  },
  {
    refused: database({ builtinLocale: 'C' }),
    message: 'builtinLocale is only available when localeProvider is set to `builtin`',
  },
  {
    refused: database({ icuLocale: 'de' }),
    message: 'icuLocale is only available when localeProvider is set to `icu`',
  },
  {
    refused: database({ icuRules: '&V << w' }),
    message: 'icuRules is only available when localeProvider is set to `icu`',
  },
].map((entry) => ({ kind: 'Database', ...entry }));

const role = (spec: Spec = {}): Spec => ({ ...backup, name: 'reporter', ...spec });

const roleCases: readonly RuleCase[] = [
  { before: role(), refused: role(anotherCluster), message: 'cluster is immutable' },
  { before: role(), refused: role({ name: 'auditor' }), message: 'name is immutable' },
  { refused: role({ name: '' }), message: 'name must not be empty' },
  { refused: role({ name: 'postgres' }), message: 'the names postgres and streaming_replica are reserved' },
  { refused: role({ name: 'pg_monitor' }), message: 'names that begin with pg_ or cnpg_ are reserved' },
  { refused: role({ ensure: 'absent' }), message: 'ensure: absent is not allowed; delete the DatabaseRole instead' },
  {
    refused: role({ passwordSecret: { name: 'secret' }, disablePassword: true }),
    message: 'passwordSecret and disablePassword are mutually exclusive',
  },
  { refused: role({ clientCertificate: { enabled: true } }), message: 'clientCertificate needs login' },
].map((entry) => ({ kind: 'DatabaseRole', ...entry }));

const publication = (spec: Spec = {}): Spec => ({
  ...backup,
  name: 'all',
  dbname: 'shop',
  target: { allTables: true },
  ...spec,
});
const objects = (...list: Spec[]): Spec => publication({ target: { objects: list } });

const publicationCases: readonly RuleCase[] = [
  { before: publication(), refused: publication(anotherCluster), message: 'cluster is immutable' },
  { before: publication(), refused: publication({ name: 'some' }), message: 'name is immutable' },
  { before: publication(), refused: publication({ dbname: 'store' }), message: 'dbname is immutable' },
  {
    before: publication(),
    refused: publication({ target: { allTables: false } }),
    message: 'allTables is immutable',
  },
  {
    refused: publication({ target: { allTables: true, objects: [{ tablesInSchema: 'public' }] } }),
    message: 'allTables and objects are mutually exclusive',
  },
  {
    refused: objects({ tablesInSchema: 'public', table: { name: 'orders' } }),
    message: 'tablesInSchema and table are mutually exclusive',
  },
  {
    refused: objects({ tablesInSchema: 'public' }, { table: { name: 'orders', columns: ['id'] } }),
    message: 'specifying a column list when the publication also publishes tablesInSchema is not supported',
  },
].map((entry) => ({ kind: 'Publication', ...entry }));

const subscription = (spec: Spec = {}): Spec => ({
  ...backup,
  name: 'all',
  dbname: 'shop',
  publicationName: 'all',
  externalClusterName: 'origin',
  ...spec,
});

const subscriptionCases: readonly RuleCase[] = [
  { before: subscription(), refused: subscription(anotherCluster), message: 'cluster is immutable' },
  { before: subscription(), refused: subscription({ name: 'some' }), message: 'name is immutable' },
  { before: subscription(), refused: subscription({ dbname: 'store' }), message: 'dbname is immutable' },
].map((entry) => ({ kind: 'Subscription', ...entry }));

const storeCases: readonly RuleCase[] = [
  {
    kind: 'ObjectStore',
    refused: { configuration: { destinationPath: 's3://backups/', serverName: 'one' } },
    message: "use the 'serverName' plugin parameter in the Cluster resource",
  },
];

export const ruleCases: readonly RuleCase[] = [
  ...clusterCases,
  ...backupCases,
  ...poolerCases,
  ...catalogCases,
  ...databaseCases,
  ...roleCases,
  ...publicationCases,
  ...subscriptionCases,
  ...storeCases,
];
