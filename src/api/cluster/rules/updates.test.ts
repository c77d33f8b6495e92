import { expect, test } from '@jest/globals';
import type { Cluster, ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

type Spec = Partial<ClusterSpec>;

test.each<[string, Spec, Spec, unknown[]]>([
  ['a larger volume', { storage: { size: '1Gi' } }, { storage: { size: '2Gi' } }, []],
  ['the same size in other words', { storage: { size: '1Gi' } }, { storage: { size: '1024Mi' } }, []],
  [
    'a smaller volume',
    { storage: { size: '2Gi' } },
    { storage: { size: '1Gi' } },
    ['spec.storage.size: "1Gi": cannot shrink; it is 2Gi'],
  ],
  ['a new WAL volume', {}, { walStorage: { size: '1Gi' } }, []],
  ['no WAL volume any more', { walStorage: { size: '1Gi' } }, {}, ['spec.walStorage: cannot be removed']],
  [
    'no tablespace any more',
    { tablespaces: [{ name: 'a', storage: { size: '1Gi' } }] },
    {},
    ['spec.tablespaces: "a": cannot be removed'],
  ],
  [
    'a smaller tablespace',
    { tablespaces: [{ name: 'a', storage: { size: '2Gi' } }] },
    { tablespaces: [{ name: 'a', storage: { size: '1Gi' } }] },
    ['spec.tablespaces[0].storage.size: "1Gi": cannot shrink; it is 2Gi'],
  ],
  ['another user', {}, { postgresUID: 27 }, ['spec.postgresUID: 27: cannot change; it is 26']],
  ['a new minor version', { imageName: 'postgresql:18.1' }, { imageName: 'postgresql:18.2' }, []],
  [
    'a new major version',
    { imageName: 'postgresql:17.1' },
    { imageName: 'postgresql:18.1' },
    [
      'spec.imageName: "postgresql:18.1": major upgrades are not supported by this version of Howdah; allowed: PostgreSQL 17',
    ],
  ],
  [
    'an old major version',
    { imageName: 'postgresql:18.1' },
    { imageName: 'postgresql:17.1' },
    ['spec.imageName: "postgresql:17.1": PostgreSQL cannot go back to 17; it is 18'],
  ],
  [
    'image and parameters at once, with a switchover',
    { imageName: 'postgresql:18.1' },
    {
      imageName: 'postgresql:18.2',
      primaryUpdateMethod: 'switchover',
      postgresql: { parameters: { work_mem: '8MB' } },
    },
    [
      'spec.imageName: "postgresql:18.2": cannot change together with postgresql.parameters when primaryUpdateMethod is switchover',
    ],
  ],
  [
    'another prefix of slots',
    {},
    { replicationSlots: { highAvailability: { slotPrefix: 'a_' } } },
    ['spec.replicationSlots.highAvailability.slotPrefix: "a_": cannot change while slots are enabled; it is _cnpg_'],
  ],
  [
    'another prefix of slots that are off',
    { replicationSlots: { highAvailability: { enabled: false } } },
    { replicationSlots: { highAvailability: { slotPrefix: 'a_' } } },
    [],
  ],
  [
    'the minimal level',
    { instances: 1, postgresql: { parameters: { max_wal_senders: '0' } } },
    { instances: 1, postgresql: { parameters: { max_wal_senders: '0', wal_level: 'minimal' } } },
    ['spec.postgresql.parameters[wal_level]: "minimal": cannot become minimal; it is logical'],
  ],
])('%s', (_name, before, after, expected) => {
  expect(errorsOf(validateCluster(aCluster(after), aCluster(before)))).toEqual(expected);
});

test('the version that the data has counts, not the one that was asked for', () => {
  const old: Cluster = {
    ...aCluster({ imageName: 'postgresql:18.1' }),
    status: { pgDataImageInfo: { image: 'postgresql:17.1', majorVersion: 17 } },
  };
  expect(errorsOf(validateCluster(aCluster({ imageName: 'postgresql:17.2' }), old))).toEqual([]);
});

test('the replica section stands still while it is acted on', () => {
  const replica = { source: 'a', enabled: true };
  const old: Cluster = { ...aCluster({ replica }), status: { switchReplicaClusterStatus: { inProgress: true } } };
  const changed = aCluster({ replica: { ...replica, enabled: false } });
  expect(errorsOf(validateCluster(changed, old))).toContain(
    'spec.replica: cannot change while a change of the replica cluster is going on',
  );
});
