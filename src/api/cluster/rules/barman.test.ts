import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const store = (section: object): Partial<ClusterSpec> => ({
  backup: {
    barmanObjectStore: {
      destinationPath: 's3://backups/main',
      s3Credentials: { inheritFromIAMRole: true },
      ...section,
    },
  },
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['S3', store({}), []],
  [
    'S3 with keys',
    store({ s3Credentials: { accessKeyId: { name: 'a', key: 'b' }, secretAccessKey: { name: 'a', key: 'c' } } }),
    [],
  ],
  [
    'no credentials',
    store({ s3Credentials: undefined }),
    ['spec.backup.barmanObjectStore: []: must have exactly one of s3Credentials, azureCredentials, googleCredentials'],
  ],
  [
    'two clouds',
    store({ googleCredentials: { gkeEnvironment: true } }),
    [expect.stringContaining('must have exactly one of')],
  ],
  [
    'another scheme',
    store({ destinationPath: 'https://bucket' }),
    ['spec.backup.barmanObjectStore.destinationPath: "https://bucket": must be of the form s3://bucket/path'],
  ],
  [
    'a key and a role',
    store({ s3Credentials: { inheritFromIAMRole: true, accessKeyId: { name: 'a', key: 'b' } } }),
    ['spec.backup.barmanObjectStore.s3Credentials.accessKeyId: cannot go together with inheritFromIAMRole'],
  ],
  [
    'half a key',
    store({ s3Credentials: { accessKeyId: { name: 'a', key: 'b' } } }),
    ['spec.backup.barmanObjectStore.s3Credentials.secretAccessKey: must be set, unless inheritFromIAMRole is'],
  ],
  [
    'a selector without key',
    store({ endpointCA: { name: 'a', key: '' } }),
    ['spec.backup.barmanObjectStore.endpointCA.key: "": must not be empty'],
  ],
  [
    'no URL',
    store({ endpointURL: 's3.example.com' }),
    ['spec.backup.barmanObjectStore.endpointURL: must be a URL that begins with http:// or https://'],
  ],
  [
    'a URL with a password, which is not shown',
    store({ endpointURL: 'https://user:secret@s3.example.com' }),
    ['spec.backup.barmanObjectStore.endpointURL: must not hold credentials; they belong into a Secret'],
  ],
  [
    'a server name with a slash',
    store({ serverName: 'a/b' }),
    ['spec.backup.barmanObjectStore.serverName: "a/b": must be a name without /'],
  ],
  [
    'Azure',
    store({
      destinationPath: 'https://a.blob.core.windows.net/b',
      s3Credentials: undefined,
      azureCredentials: { inheritFromAzureAD: true },
    }),
    [],
  ],
  [
    'half of Azure',
    store({ s3Credentials: undefined, azureCredentials: { storageAccount: { name: 'a', key: 'b' } } }),
    [expect.stringContaining('must have storageAccount and one of')],
  ],
  [
    'a retention in years',
    { backup: { retentionPolicy: '1y' } },
    ['spec.backup.retentionPolicy: "1y": must be a number of days, weeks or months such as 30d'],
  ],
  [
    'two archivers',
    {
      plugins: [
        { name: 'a', isWALArchiver: true },
        { name: 'b', isWALArchiver: true },
      ],
    },
    ['spec.plugins: ["a","b"]: at most one plugin may be the WAL archiver'],
  ],
  [
    'an archiver and a store',
    { ...store({}), plugins: [{ name: 'a', isWALArchiver: true }] },
    [expect.stringContaining('together with backup.barmanObjectStore')],
  ],
  ['an archiver that is off', { ...store({}), plugins: [{ name: 'a', isWALArchiver: true, enabled: false }] }, []],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
