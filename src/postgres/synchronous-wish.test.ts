import { expect, test } from '@jest/globals';
import type { Cluster } from '../api/generated/cluster.ts';
import { aCluster } from '../api/testing/a-cluster.ts';
import { failureDomain, wishedTarget } from './synchronous-wish.ts';

const nodeFailureDomainKeys = ['region', 'zone'];
const spread = (section: object = {}): Cluster => ({
  ...aCluster({ postgresql: { synchronous: { method: 'any', number: 1, nodeFailureDomainKeys, ...section } } }),
  status: {
    topology: {
      successfullyExtracted: true,
      instances: {
        'c-1': { region: 'north', zone: 'a' },
        'c-2': { region: 'north', zone: 'a' },
        'c-3': { region: 'north', zone: 'b' },
        'c-4': { zone: 'a' },
      },
    },
  },
});

test.each([
  ['all values are equal', 'c-2', 'same'],
  ['one value differs', 'c-3', 'other'],
  ['a label is missing', 'c-4', 'unknown'],
  ['nothing is known of it', 'c-5', 'unknown'],
] as const)('%s: %s is in %s domain', (_, standby, expected) => {
  expect(failureDomain(spread(), 'c-1', standby)).toBe(expected);
});

test('what could not be extracted is not compared', () => {
  const cluster = spread();
  const topology = { ...cluster.status?.topology, successfullyExtracted: false };
  expect(failureDomain({ ...cluster, status: { topology } }, 'c-1', 'c-3')).toBe('unknown');
});

const names = (cluster: Cluster): string[] =>
  wishedTarget(
    cluster.spec,
    ['c-2', 'c-3'].map((instance) => {
      const domain = failureDomain(cluster, 'c-1', instance);
      return { instance, incarnation: '1', healthy: true, failureDomain: domain };
    }),
  ).names.map(({ instance }) => instance);

test('synchronous standbys are those of other failure domains', () => {
  expect(names(spread())).toEqual(['c-3']);
  expect(names(spread({ nodeFailureDomainKeys: [], podFailureDomainKeys: ['zone'] }))).toEqual(['c-3']);
  expect(names(spread({ nodeFailureDomainKeys: [] }))).toEqual(['c-2', 'c-3']);
  const legacy = {
    maxSyncReplicas: 1,
    postgresql: { syncReplicaElectionConstraint: { enabled: true, nodeLabelsAntiAffinity: ['zone'] } },
  };
  expect(names({ ...spread(), spec: aCluster(legacy).spec })).toEqual(['c-3']);
});
