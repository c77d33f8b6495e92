import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ArchiveLocation } from './layout.ts';
import {
  backupId,
  backupInfoKey,
  dataKey,
  isBackupId,
  ownerMarkerKey,
  parseArchiveKey,
  walKey,
  walKeys,
} from './layout.ts';

const at: ArchiveLocation = { prefix: 'team/pg', server: 'cluster-example' };
const root = 'team/pg/cluster-example';

// Paths as barman-cloud-wal-archive and barman-cloud-backup 3.4 write them.
test.each([
  ['00000001000000A0000000FF', 'none', 'wals/00000001000000A0/00000001000000A0000000FF'],
  ['00000001000000A0000000FF', 'gzip', 'wals/00000001000000A0/00000001000000A0000000FF.gz'],
  ['00000001000000A0000000FF.partial', 'none', 'wals/00000001000000A0/00000001000000A0000000FF.partial'],
  [
    '00000001000000A000000002.00000028.backup',
    'gzip',
    'wals/00000001000000A0/00000001000000A000000002.00000028.backup.gz',
  ],
  ['0000000B.history', 'none', 'wals/0000000B.history'],
  ['0000000B.history', 'bzip2', 'wals/0000000B.history.bz2'],
] as const)('%s with %s is %s', (name, compression, key) => {
  expect(walKey(at, name, compression)).toBe(`${root}/${key}`);
  expect(parseArchiveKey(at, `${root}/${key}`)).toMatchObject({ kind: 'wal', name, compression });
});

test.each([
  [
    backupInfoKey(at, '20261123T090807'),
    'base/20261123T090807/backup.info',
    { kind: 'backup-info', id: '20261123T090807' },
  ],
  [
    dataKey(at, '20261123T090807', 'none'),
    'base/20261123T090807/data.tar',
    { kind: 'data', tablespace: undefined, part: 0 },
  ],
  [
    dataKey(at, '20261123T090807', 'gzip', 16385),
    'base/20261123T090807/16385.tar.gz',
    { kind: 'data', tablespace: 16385, compression: 'gzip' },
  ],
  [ownerMarkerKey(at), 'howdah-owner.json', { kind: 'owner' }],
])('%s', (key, expected, file) => {
  expect(key).toBe(`${root}/${expected}`);
  expect(parseArchiveKey(at, key)).toMatchObject(file);
});

test('the further tars of a split backup are told apart', () => {
  expect(parseArchiveKey(at, `${root}/base/20261123T090807/data_0001.tar.gz`)).toMatchObject({ kind: 'data', part: 1 });
});

test.each([
  `${root}2/base/20261123T090807/backup.info`,
  `${root}/base/20261123T090807`,
  `${root}/base/20261123T090807/x/backup.info`,
  `${root}/base/20261123T090807/data.zip`,
  `${root}/wals/0000000100000000/000000010000000A00000001`,
  `${root}/wals/000000010000000000000001`,
  `${root}/wals/0000000100000000/readme`,
  'cluster-example/howdah-owner.json',
])('%s is not of this layout', (key) => {
  expect(parseArchiveKey(at, key)).toBeUndefined();
});

test('without a prefix the server is at the root of the bucket', () => {
  expect(walKey({ prefix: '', server: 's' }, '0000000B.history', 'none')).toBe('s/wals/0000000B.history');
});

test('names that are none of PostgreSQL are refused', () => {
  for (const name of ['', '../x', 'RECOVERYXLOG', '00000001000000A0000000FF/..', '0000000b.history']) {
    expect(() => walKey(at, name, 'none')).toThrow('not the name of a WAL file');
  }
});

test('a file is looked for as it is likely to be first, and once in each form', () => {
  const keys = walKeys(at, '0000000B.history', 'gzip');
  expect(keys.slice(0, 2).map(({ compression }) => compression)).toEqual(['gzip', 'none']);
  expect(new Set(keys.map(({ key }) => key)).size).toBe(7);
});

test('ids of backups are in the order of time', () => {
  const when = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(when, when, (a, b) => {
      expect(isBackupId(backupId(a))).toBe(true);
      expect(backupId(a) < backupId(b)).toBe(Math.floor(+a / 1000) < Math.floor(+b / 1000));
    }),
  );
});
