// Backup to an object store, in the layout of Barman Cloud.
import { as, choice, flag, integer, object, required, text, textMap, texts } from '../schema/schema.ts';
import { secretKeySelector } from './common.ts';

export const s3Credentials = object('S3Credentials', 'Credentials for S3 and what speaks its protocol.', {
  accessKeyId: as(secretKeySelector, 'The access key id.'),
  secretAccessKey: as(secretKeySelector, 'The secret access key.'),
  region: as(secretKeySelector, 'The region.'),
  sessionToken: as(secretKeySelector, 'The session token.'),
  inheritFromIAMRole: flag('Takes the credentials of the IAM role of the pod.'),
});

export const azureCredentials = object('AzureCredentials', 'Credentials for Azure Blob Storage.', {
  connectionString: as(secretKeySelector, 'The connection string.'),
  storageAccount: as(secretKeySelector, 'The storage account.'),
  storageKey: as(secretKeySelector, 'The key of the storage account.'),
  storageSasToken: as(secretKeySelector, 'A shared access signature.'),
  inheritFromAzureAD: flag('Takes the managed identity of the pod.'),
  useDefaultAzureCredentials: flag('Takes the default credential chain of the Azure SDK.'),
});

export const googleCredentials = object('GoogleCredentials', 'Credentials for Google Cloud Storage.', {
  gkeEnvironment: flag('Takes the workload identity of the GKE pod.'),
  applicationCredentials: as(secretKeySelector, 'The JSON key of a service account.'),
});

/** The fields by which a store is reached; Backup.status holds the same ones. */
export const credentialFields = {
  s3Credentials,
  azureCredentials,
  googleCredentials,
} as const;

const encryption = choice(
  ['AES256', 'aws:kms'],
  'Server-side encryption that the store is asked for; default: its own.',
);

const walBackup = object('WalBackupConfiguration', 'How WAL is archived.', {
  compression: choice(['bzip2', 'gzip', 'lz4', 'snappy', 'xz', 'zstd'], 'Compression of WAL files; default: none.'),
  encryption,
  maxParallel: integer('WAL files that are archived or fetched at once.', { minimum: 1 }),
  archiveAdditionalCommandArgs: texts('Further arguments for barman-cloud-wal-archive.'),
  restoreAdditionalCommandArgs: texts('Further arguments for barman-cloud-wal-restore.'),
});

const dataBackup = object('DataBackupConfiguration', 'How base backups are stored.', {
  compression: choice(['bzip2', 'gzip', 'lz4', 'snappy'], 'Compression of the base backup; default: none.'),
  encryption,
  jobs: integer('Uploads that run at once.', { format: 'int32', minimum: 1 }),
  immediateCheckpoint: flag('Begins with an immediate checkpoint rather than a spread one.'),
  additionalCommandArgs: texts('Further arguments for barman-cloud-backup.'),
  restoreAdditionalCommandArgs: texts('Further arguments for barman-cloud-restore.'),
});

export const barmanObjectStore = object(
  'BarmanObjectStoreConfiguration',
  'Where and how base backups and WAL are kept in an object store.',
  {
    destinationPath: required(text('Root of the backups, such as s3://bucket/path.', { minLength: 1 })),
    endpointURL: text('Address of the store; default: that of the cloud.'),
    endpointCA: as(secretKeySelector, 'The CA certificate that the store is verified with.'),
    serverName: text('Directory of this server below destinationPath; default: the name of the cluster.'),
    ...credentialFields,
    wal: walBackup,
    data: dataBackup,
    tags: textMap('Tags of uploaded objects.'),
    historyTags: textMap('Tags of uploaded timeline history files.'),
  },
  { deprecated: true },
);
