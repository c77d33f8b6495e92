import { expect, test } from '@jest/globals';
import type { BarmanSection, SecretKeyRef } from './config.ts';
import { ArchiveConfigError, readArchiveConfig } from './config.ts';

const secrets: Record<string, string> = {
  'creds/id': 'AKID\n',
  'creds/key': 'hidden-key\n',
  'creds/region': 'eu-central-1',
  'creds/empty': '',
  'ca/ca.crt': '-----BEGIN CERTIFICATE-----',
};
const secret = async ({ name, key }: SecretKeyRef): Promise<string> => {
  const value = secrets[`${name}/${key}`];
  if (value === undefined) throw new Error(`Secret "${name}" has no key "${key}"`);
  return value;
};
const section: BarmanSection = {
  destinationPath: 's3://backups/team//pg/',
  endpointURL: 'https://s3.example.com:9000',
  s3Credentials: { accessKeyId: { name: 'creds', key: 'id' }, secretAccessKey: { name: 'creds', key: 'key' } },
};
const read = (more: Partial<BarmanSection>) =>
  readArchiveConfig(
    { ...section, ...more },
    { field: 'spec.backup.barmanObjectStore', defaultServer: 'example', secret },
  );

test('a section becomes a client, a place and ways to store', async () => {
  const config = await read({
    endpointCA: { name: 'ca', key: 'ca.crt' },
    s3Credentials: { ...section.s3Credentials, region: { name: 'creds', key: 'region' } },
    wal: { compression: 'gzip', encryption: 'AES256', maxParallel: 8 },
    data: { jobs: 4, immediateCheckpoint: true },
    tags: { kind: 'wal' },
    historyTags: { kind: 'history' },
  });
  expect(config).toEqual({
    s3: {
      bucket: 'backups',
      endpoint: 'https://s3.example.com:9000',
      region: 'eu-central-1',
      ca: '-----BEGIN CERTIFICATE-----',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'hidden-key' },
    },
    location: { prefix: 'team//pg', server: 'example' },
    wal: { compression: 'gzip', attributes: { tags: { kind: 'wal' }, encryption: 'AES256' }, maxParallel: 8 },
    history: { compression: 'gzip', attributes: { tags: { kind: 'history' }, encryption: 'AES256' } },
    data: { compression: 'none', attributes: { tags: { kind: 'wal' } }, jobs: 4, immediateCheckpoint: true },
  });
});

test('roles of the pod take the place of keys', async () => {
  for (const s3Credentials of [undefined, { inheritFromIAMRole: true }]) {
    expect((await read({ s3Credentials })).s3).not.toHaveProperty('credentials');
  }
});

const key = { name: 'creds', key: 'key' };
test.each<[string, Partial<BarmanSection>, string]>([
  ['another cloud', { azureCredentials: {} }, 'azureCredentials: not supported by this version of Howdah'],
  [
    'another scheme',
    { destinationPath: 'gs://b/p' },
    'destinationPath: "gs://b/p" is not of the form s3://bucket/path',
  ],
  ['no bucket', { destinationPath: 's3:///p' }, 'destinationPath: "s3:///p" is not of the form'],
  ['a bad endpoint', { endpointURL: 'minio:9000' }, 'endpointURL: not an http or https URL'],
  [
    'secrets in the URL',
    { endpointURL: 'http://user:word@host' },
    'endpointURL: credentials belong into s3Credentials',
  ],
  ['a server with a slash', { serverName: 'a/b' }, 'serverName: "a/b" is not a name'],
  ['half the credentials', { s3Credentials: { accessKeyId: key } }, 's3Credentials.secretAccessKey: missing'],
  [
    'keys and a role',
    { s3Credentials: { inheritFromIAMRole: true, accessKeyId: key } },
    's3Credentials.accessKeyId: cannot go together',
  ],
  [
    'a missing key of a secret',
    { s3Credentials: { accessKeyId: { name: 'creds', key: 'no' }, secretAccessKey: key } },
    's3Credentials.accessKeyId: cannot read key "no" of Secret "creds": Secret "creds" has no key "no"',
  ],
  [
    'an empty secret',
    { endpointCA: { name: 'creds', key: 'empty' } },
    'endpointCA: key "empty" of Secret "creds" is empty',
  ],
  [
    'a compression of others',
    { wal: { compression: 'xz' } },
    'wal.compression: "xz" is read, but not written; gzip, zstd, lz4, snappy are',
  ],
  ['an unknown encryption', { data: { encryption: 'DES' } }, 'data.encryption: "DES" is neither AES256 nor aws:kms'],
])('%s', async (_, more, message) => {
  const error = await read(more).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ArchiveConfigError);
  expect((error as Error).message).toContain(`spec.backup.barmanObjectStore.${message}`);
  expect((error as Error).message).not.toMatch(/hidden|word/);
});
