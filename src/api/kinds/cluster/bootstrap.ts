// Where the data of a new cluster comes from.
import { as, choice, flag, integer, list, map, object, required, text, textMap, texts } from '../../schema/schema.ts';
import { barmanObjectStore } from '../barman.ts';
import {
  configMapKeySelector,
  localeRules,
  localObjectReference,
  pluginConfiguration,
  secretKeySelector,
} from '../common.ts';

const applicationFields = {
  database: text('Name of the application database; default: app.'),
  owner: text('Role that owns the application database; default: the name of the database.'),
  secret: as(localObjectReference, 'basic-auth Secret of the owner; made when there is none.'),
} as const;

const sqlRefs = (description: string): ReturnType<typeof object> =>
  object('SQLRefs', description, {
    secretRefs: list(secretKeySelector, 'Keys of Secrets, in this order.'),
    configMapRefs: list(configMapKeySelector, 'Keys of ConfigMaps, in this order, after the Secrets.'),
  });

const importConfiguration = object('Import', 'Databases that are imported from another server by dump and restore.', {
  source: required(
    object('ImportSource', 'The server to import from.', {
      externalCluster: required(text('Name of an entry of externalClusters.')),
    }),
  ),
  type: required(
    choice(['microservice', 'monolith'], 'One database into the application database, or several as they are.'),
  ),
  databases: required(texts('Databases to import; * means all (monolith).')),
  roles: texts('Roles to import; * means all (monolith).'),
  postImportApplicationSQL: texts('SQL that the superuser runs in the application database afterwards (microservice).'),
  schemaOnly: flag('Imports definitions without rows.'),
  pgDumpExtraOptions: texts('Further options of pg_dump.'),
  pgRestoreExtraOptions: texts('Further options of pg_restore, for every section.'),
  pgRestorePredataOptions: texts('Options of pg_restore for the section pre-data, instead of the general ones.'),
  pgRestoreDataOptions: texts('Options of pg_restore for the section data, instead of the general ones.'),
  pgRestorePostdataOptions: texts('Options of pg_restore for the section post-data, instead of the general ones.'),
});

const initdb = object(
  'BootstrapInitDB',
  'A new, empty database cluster.',
  {
    ...applicationFields,
    options: texts('Options of initdb; when given, the ones below are not used.', { deprecated: true }),
    dataChecksums: flag('Data pages have checksums.'),
    encoding: text('Encoding of the databases; default: UTF8.'),
    localeCollate: text('LC_COLLATE; default: C.'),
    localeCType: text('LC_CTYPE; default: C.'),
    locale: text('Locale of the databases.'),
    localeProvider: text('Locale provider: libc, icu or builtin.'),
    icuLocale: text('ICU locale, with the provider icu.'),
    icuRules: text('ICU collation rules, with the provider icu.'),
    builtinLocale: text('Locale of the provider builtin.'),
    walSegmentSize: integer('Size of a WAL segment in MB, a power of 2; default: 16.', { minimum: 1, maximum: 1024 }),
    postInitSQL: texts('SQL that the superuser runs in the database postgres after initdb.'),
    postInitApplicationSQL: texts('SQL that the superuser runs in the application database after initdb.'),
    postInitTemplateSQL: texts('SQL that the superuser runs in template1 after initdb.'),
    postInitSQLRefs: sqlRefs('SQL for the database postgres, from Secrets and ConfigMaps.'),
    postInitApplicationSQLRefs: sqlRefs('SQL for the application database, from Secrets and ConfigMaps.'),
    postInitTemplateSQLRefs: sqlRefs('SQL for template1, from Secrets and ConfigMaps.'),
    import: importConfiguration,
  },
  {
    rules: localeRules,
  },
);

const snapshotReference = object('TypedLocalObjectReference', 'A VolumeSnapshot or a PersistentVolumeClaim.', {
  apiGroup: text('API group of the object; empty for the core group.'),
  kind: required(text('VolumeSnapshot or PersistentVolumeClaim.')),
  name: required(text('Name of the object.')),
});

const recoveryTarget = object('RecoveryTarget', 'Where recovery ends; default: at the end of the archive.', {
  backupID: text('The base backup to start from; default: the last one before the target.'),
  targetTLI: text('The timeline: a number, or latest (the default).'),
  targetXID: text('Ends at this transaction.'),
  targetName: text('Ends at this restore point of pg_create_restore_point().'),
  targetLSN: text('Ends at this position in WAL.'),
  targetTime: text('Ends at this time, RFC 3339 or as PostgreSQL writes it; without a zone it is UTC.'),
  targetImmediate: flag('Ends as soon as the base backup is consistent.'),
  exclusive: flag('Ends just before the target rather than just after.'),
});

const recovery = object('BootstrapRecovery', 'The data of a backup.', {
  backup: object('BackupSource', 'A Backup of the same namespace.', {
    name: required(text('Name of the Backup.')),
    endpointCA: as(secretKeySelector, 'The CA certificate that the store is verified with.'),
  }),
  source: text('Name of an entry of externalClusters, whose store holds the backup.'),
  volumeSnapshots: object('DataSource', 'Volumes that the data is taken from.', {
    storage: required(as(snapshotReference, 'The volume of PGDATA.')),
    walStorage: as(snapshotReference, 'The volume of WAL.'),
    tablespaceStorage: map(snapshotReference, 'The volumes of tablespaces, by name.'),
  }),
  recoveryTarget,
  ...applicationFields,
});

const pgBaseBackup = object('BootstrapPgBaseBackup', 'A copy of a running server.', {
  source: required(text('Name of an entry of externalClusters.', { minLength: 1 })),
  ...applicationFields,
});

export const bootstrap = object(
  'BootstrapConfiguration',
  'Where the data comes from; at most one of these. Default: initdb.',
  {
    initdb,
    recovery,
    pg_basebackup: pgBaseBackup,
  },
);

export const replica = object('ReplicaClusterConfiguration', 'This cluster follows another one.', {
  source: required(text('Name of the entry of externalClusters that is followed.', { minLength: 1 })),
  self: text('Name of this cluster in the topology; default: its own name.'),
  primary: text('Name of the cluster that is the primary in the topology.'),
  enabled: flag('This is a replica cluster outside of any topology; not together with primary.'),
  promotionToken: text('Token of the former primary cluster, which a promotion waits for.'),
  minApplyDelay: text('How much later than on the source changes are applied, such as 4h.'),
});

// The certificates and keys of connections are keys of Secrets whose name may be left out only by mistake.
const connectionSecret = (description: string): ReturnType<typeof object> => as(secretKeySelector, description);

export const externalClusters = list(
  object('ExternalCluster', 'A server that is not part of this cluster.', {
    name: required(text('Name of the server.')),
    connectionParameters: textMap('Connection parameters, by the keywords of libpq.'),
    sslCert: connectionSecret('The client certificate.'),
    sslKey: connectionSecret('The key of the client certificate.'),
    sslRootCert: connectionSecret('The CA certificate that the server is verified with.'),
    password: connectionSecret('The password.'),
    barmanObjectStore: as(barmanObjectStore, 'The object store that holds its backups.'),
    plugin: as(pluginConfiguration, 'The plugin that gives access to its backups.'),
  }),
  'Servers that this cluster is made from, follows or imports.',
  { keys: ['name'] },
);
