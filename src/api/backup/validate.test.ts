import { expect, test } from '@jest/globals';
import type { Backup, BackupSpec } from '../generated/backup.ts';
import { formatFieldError } from '../validation/field-error.ts';
import { defaultBackup } from './defaults.ts';
import { validateBackup } from './validate.ts';

const backup = (spec: Partial<BackupSpec> = {}, annotations: Record<string, string> = {}): Backup =>
  defaultBackup({
    metadata: { name: 'now', namespace: 'default', annotations },
    spec: { cluster: { name: 'example' }, ...spec },
  });

test('the method is said', () => {
  const once = backup();
  expect(once.spec.method).toBe('barmanObjectStore');
  expect(defaultBackup(once)).toEqual(once);
});

test.each<[string, Partial<BackupSpec>, string[]]>([
  ['a backup', { target: 'primary' }, []],
  ['of nothing', { cluster: { name: '' } }, ['spec.cluster.name: "": must not be empty']],
  [
    'by snapshots',
    { method: 'volumeSnapshot', online: false, onlineConfiguration: { waitForArchive: false } },
    [
      'spec.method: "volumeSnapshot": not supported by this version of Howdah; allowed: barmanObjectStore or plugin',
      'spec.onlineConfiguration.waitForArchive: false: not supported by this version of Howdah; allowed: true',
      'spec.online: false: not supported by this version of Howdah; allowed: true',
    ],
  ],
  [
    'as object stores have it',
    { online: true, onlineConfiguration: { waitForArchive: true, immediateCheckpoint: true } },
    [],
  ],
  [
    'by a plugin that is not named',
    { method: 'plugin' },
    ['spec.pluginConfiguration.name: "": must be set with method plugin'],
  ],
  ['by the plugin', { method: 'plugin', pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' } }, []],
  [
    'by another plugin',
    { method: 'plugin', pluginConfiguration: { name: 'other.example.com' } },
    [
      'spec.pluginConfiguration.name: "other.example.com": not supported by this version of Howdah; allowed: barman-cloud.cloudnative-pg.io',
    ],
  ],
  [
    'with a plugin of no use',
    { pluginConfiguration: { name: 'a' } },
    ['spec.pluginConfiguration: is only for method plugin; the method is barmanObjectStore'],
  ],
])('%s', (_name, spec, expected) => {
  expect(validateBackup(backup(spec)).errors.map(formatFieldError)).toEqual(expected);
});

test('the deadline is a number', () => {
  expect(validateBackup(backup({}, { 'cnpg.io/volumeSnapshotDeadline': '5m' })).errors.map(formatFieldError)).toEqual([
    'metadata.annotations[cnpg.io/volumeSnapshotDeadline]: "5m": must be a whole number of minutes',
  ]);
});
