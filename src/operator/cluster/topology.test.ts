import { expect, test } from '@jest/globals';
import type { Cluster, ClusterSpec } from '../../api/generated/cluster.ts';
import { aCluster } from '../../api/testing/a-cluster.ts';
import type { Node, Pod } from '../../kube/objects.ts';
import { Report } from './report.ts';
import type { ObservedScope } from './scope.ts';
import { describeTopology } from './topology.ts';

const type = 'SyncReplicationTopologySatisfied';
const nodes: Record<string, Node> = {
  one: { metadata: { name: 'one', labels: { zone: 'a', other: 'x' } } },
  two: { metadata: { name: 'two', labels: { zone: 'a' } } },
  three: { metadata: { name: 'three', labels: { zone: 'b' } } },
};
const aPod = (name: string, nodeName: string | undefined, labels = {}): Pod => ({
  metadata: { name, labels },
  spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});
const byNode = (section: object = {}): Partial<ClusterSpec> => ({
  postgresql: { synchronous: { method: 'any', number: 1, nodeFailureDomainKeys: ['zone'], ...section } },
});

/** What is reported of a cluster of these pods; the first one is the primary's. */
function reported(spec: Partial<ClusterSpec>, pods: readonly (Pod | undefined)[], status: Cluster['status'] = {}) {
  const names = pods.map((_, index) => `c-${index + 1}`);
  const cluster = { ...aCluster(spec), status: { currentPrimary: 'c-1', ...status } };
  const instances = names.map((name, index) => ({ name, pod: pods[index], detached: false, terminating: false }));
  const report = new Report(cluster.status);
  const scope = {
    ...{ cluster, report, world: { instances, pods: pods.filter((pod) => pod !== undefined) } },
    owned: { nodes: { get: (_: undefined, name: string) => nodes[name] } },
  };
  describeTopology(scope as unknown as ObservedScope);
  return { topology: report.status.topology, condition: report.conditions.get(type) };
}
const [one, two, three] = [aPod('c-1', 'one'), aPod('c-2', 'two'), aPod('c-3', 'three')];

test('the labels of the nodes that are asked for are in status, and that standbys are elsewhere is said', () => {
  expect(reported(byNode(), [one, two, three])).toMatchObject({
    topology: {
      instances: { 'c-1': { zone: 'a' }, 'c-2': { zone: 'a' }, 'c-3': { zone: 'b' } },
      ...{ nodesUsed: 3, successfullyExtracted: true },
    },
    condition: { status: 'True', reason: 'Satisfied' },
  });
});

test('too few in other domains', () => {
  const { condition } = reported(byNode({ number: 2 }), [one, two, three]);
  expect(condition).toMatchObject({ status: 'False', reason: 'InsufficientCrossDomainReplicas' });
  expect(condition?.message).toContain('zone');
});

test('a label that a node has not, or a node that is not known', () => {
  const nowhere = reported(byNode({ nodeFailureDomainKeys: ['other'] }), [one, two, three]);
  expect(nowhere.condition).toMatchObject({ status: 'False', reason: 'TopologyNotExtracted' });
  const { topology, condition } = reported(byNode(), [one, aPod('c-2', 'gone'), three]);
  expect(topology).toMatchObject({ successfullyExtracted: false });
  expect(condition).toMatchObject({ status: 'False', reason: 'TopologyNotExtracted' });
});

test('the labels of pods', () => {
  const spec = byNode({ nodeFailureDomainKeys: [], podFailureDomainKeys: ['rack'] });
  const rack = (name: string, value: string): Pod => aPod(name, 'gone', { rack: value });
  expect(reported(spec, [rack('c-1', '1'), rack('c-2', '2')])).toMatchObject({
    topology: { instances: { 'c-1': { rack: '1' }, 'c-2': { rack: '2' } } },
    condition: { reason: 'Satisfied' },
  });
});

test('one whose pod is away is where it was', () => {
  const instances = { 'c-3': { zone: 'b' } };
  const { topology, condition } = reported(byNode(), [one, two, undefined], { topology: { instances } });
  expect(topology?.instances).toMatchObject(instances);
  expect(condition).toMatchObject({ reason: 'Satisfied' });
});

test('nothing is said where nobody asks, and what was said is taken back', () => {
  const before = [{ type, status: 'True', reason: 'Satisfied', message: '', lastTransitionTime: '' }] as const;
  const { topology, condition } = reported({}, [one, two, three], { conditions: [...before] });
  expect(condition).toBeUndefined();
  expect(topology?.instances).toEqual({ 'c-1': {}, 'c-2': {}, 'c-3': {} });
});
