import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const recovered = (section: object): Partial<ClusterSpec> => ({
  bootstrap: { recovery: { source: 'origin', ...section } },
  externalClusters: [
    {
      name: 'origin',
      barmanObjectStore: { destinationPath: 's3://backups/', s3Credentials: { inheritFromIAMRole: true } },
    },
  ],
});

const target = (recoveryTarget: object): Partial<ClusterSpec> => recovered({ recoveryTarget });

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a Backup', { bootstrap: { recovery: { backup: { name: 'a' } } } }, []],
  ['a source', recovered({}), []],
  [
    'nothing to restore',
    { bootstrap: { recovery: {} } },
    ['spec.bootstrap.recovery: must have backup, source or volumeSnapshots'],
  ],
  [
    'an unknown source',
    recovered({ source: 'b' }),
    ['spec.bootstrap.recovery.source: "b": must be the name of an entry of externalClusters; there are origin'],
  ],
  [
    'two origins',
    recovered({ backup: { name: 'a' } }),
    ['spec.bootstrap.recovery.source: "origin": cannot go together with backup'],
  ],
  ['a time', target({ targetTime: '2026-11-23T15:04:05.123456Z' }), []],
  ['a time as PostgreSQL writes it', target({ targetTime: '2026-11-23 15:04:05.123456+01' }), []],
  ['a time without zone', target({ targetTime: '2026-11-23 15:04:05' }), []],
  [
    'a day that is not',
    target({ targetTime: '2026-02-30T15:04:05Z' }),
    [
      expect.stringContaining(
        'spec.bootstrap.recovery.recoveryTarget.targetTime: "2026-02-30T15:04:05Z": must be a time such as',
      ),
    ],
  ],
  ['a time in words', target({ targetTime: 'yesterday' }), [expect.stringContaining('must be a time such as')]],
  [
    'two targets',
    target({ targetTime: '2026-11-23T15:04:05Z', targetLSN: '0/3000060' }),
    [
      'spec.bootstrap.recovery.recoveryTarget: ["targetTime","targetLSN"]: only one of targetTime, targetXID, targetName, targetLSN, targetImmediate is allowed',
    ],
  ],
  [
    'a transaction without backup',
    target({ targetXID: '1000' }),
    ['spec.bootstrap.recovery.recoveryTarget.backupID: "": must be set with targetXID'],
  ],
  [
    'a transaction that is too large',
    target({ targetXID: '4294967296', backupID: 'a' }),
    ['spec.bootstrap.recovery.recoveryTarget.targetXID: "4294967296": must be a number from 0 to 4294967295'],
  ],
  ['a name', target({ targetName: 'before', backupID: 'a' }), []],
  [
    'a name of 64 bytes',
    target({ targetName: 'ä'.repeat(32), backupID: 'a' }),
    [expect.stringContaining('must have less than 64 bytes')],
  ],
  [
    'a name with a line break',
    target({ targetName: 'a\nb', backupID: 'a' }),
    [expect.stringContaining('no control characters')],
  ],
  ['a position', target({ targetLSN: '16/B374D848' }), []],
  [
    'no position',
    target({ targetLSN: '16' }),
    ['spec.bootstrap.recovery.recoveryTarget.targetLSN: "16": must be a position in WAL such as 0/3000060'],
  ],
  ['the latest timeline', target({ targetTLI: 'latest' }), []],
  [
    'timeline 0',
    target({ targetTLI: '0' }),
    ['spec.bootstrap.recovery.recoveryTarget.targetTLI: "0": must be latest or a positive number'],
  ],
  ['immediately', target({ targetImmediate: true, backupID: 'a' }), []],
  [
    'snapshots of the wrong kind',
    {
      bootstrap: {
        recovery: {
          volumeSnapshots: {
            storage: { kind: 'Pod', name: 'a' },
            walStorage: { kind: 'PersistentVolumeClaim', name: 'b' },
          },
        },
      },
    },
    [
      'spec.bootstrap.recovery.volumeSnapshots.storage: "/Pod": must be a VolumeSnapshot of snapshot.storage.k8s.io or a PersistentVolumeClaim',
      'spec.bootstrap.recovery.volumeSnapshots.walStorage: "b": needs spec.walStorage',
    ],
  ],
  [
    'snapshots and a Backup',
    {
      bootstrap: {
        recovery: {
          backup: { name: 'a' },
          volumeSnapshots: { storage: { kind: 'PersistentVolumeClaim', name: 'a' } },
          recoveryTarget: { backupID: 'b' },
        },
      },
    },
    [
      'spec.bootstrap.recovery.volumeSnapshots: cannot go together with backup',
      'spec.bootstrap.recovery.recoveryTarget.backupID: "b": cannot go together with volumeSnapshots',
    ],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
