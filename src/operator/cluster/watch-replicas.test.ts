import { expect, test } from '@jest/globals';
import type { Cluster } from '../../api/generated/cluster.ts';
import { aCluster } from '../../api/testing/a-cluster.ts';
import type { EventMessage } from '../../kube/events.ts';
import { watchReplicas } from './phases/watch-replicas.ts';
import { Report } from './report.ts';
import type { ObservedScope } from './scope.ts';

/** One pass over instances that say of themselves that they are stalled, are not, or say nothing at all. */
async function pass(says: readonly (boolean | undefined)[], conditions: NonNullable<Cluster['status']>['conditions']) {
  const cluster: Cluster = { ...aCluster({}), status: { conditions: conditions ?? [] } };
  const report = new Report(cluster.status);
  const events: EventMessage[] = [];
  const instances = says.map((stalled, index) => ({
    ...{ name: `c-${index + 1}`, detached: false, terminating: false, unusable: false },
    answer:
      stalled === undefined
        ? { ok: false, error: 'silent' }
        : { ok: true, status: stalled ? { stalled: 'has not moved' } : {} },
  }));
  const scope = {
    ...{ cluster, report, world: { instances }, log: { info: () => undefined } },
    emit: (event: EventMessage) => events.push(event),
  };
  await watchReplicas(scope as unknown as ObservedScope);
  const kept = report.conditions.get('howdah.dev/Replication');
  return { condition: kept, events, after: kept ? [{ ...kept, lastTransitionTime: '' }] : [] };
}

test('F21: a replica that does not advance is said once in an event, and in a condition as long as it lasts', async () => {
  const first = await pass([false, false, true], []);
  expect(first.condition).toMatchObject({ status: 'False', reason: 'Stalled' });
  expect(first.condition?.message).toContain('c-3');
  expect(first.events).toEqual([expect.objectContaining({ type: 'Warning', reason: 'ReplicaStalled' })]);
  const second = await pass([false, false, true], first.after);
  expect([second.condition, second.events]).toEqual([first.condition, []]);
  const third = await pass([false, false, false], second.after);
  expect(third.condition).toMatchObject({ status: 'True', reason: 'Advances' });
});

test('as long as all replicas advance nothing is said, and what nobody answers takes nothing back', async () => {
  expect(await pass([false, false], [])).toMatchObject({ after: [], events: [] });
  const { after } = await pass([false, true], []);
  expect((await pass([undefined, undefined], after)).condition).toMatchObject({ status: 'False' });
});
