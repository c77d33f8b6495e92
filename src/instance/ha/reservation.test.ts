// An epoch is one instance's alone, though nobody knows any more what the lease said (docs/ha-protocol.md, rule 7).
import { expect, test } from '@jest/globals';
import { freeEpoch, type Reserver } from './reservation.ts';
import { ClusterServer } from './testing-cluster-server.ts';

/** One whose promise, timeline and lease are of before. */
const behind = (kube: ClusterServer, { seen = true, promised = 1 } = {}): Reserver =>
  ({
    ...{ store: { lastRecord: { epoch: 1 } }, state: { current: { promised } }, archive: () => undefined },
    view: () => ({ data: { state: 'valid', control: { checkpointTimeline: 1 } } }),
    context: {
      ...{ kube, cluster: { seen, current: kube.seen }, log: { info: () => undefined } },
      environment: { namespace: 'default', clusterName: 'c' },
    },
  }) as unknown as Reserver;

test('two who know of nothing but epoch 1, one after the other, stand for different ones', async () => {
  const kube = new ClusterServer();
  expect([await freeEpoch(behind(kube), []), await freeEpoch(behind(kube), [])]).toEqual([2, 3]);
  expect(kube.cluster.status).toEqual({ epoch: 3 });
});

test('so do two at the same time', async () => {
  const kube = new ClusterServer({ epoch: 4, phase: 'x' });
  const chosen = await Promise.all([freeEpoch(behind(kube), []), freeEpoch(behind(kube), [])]);
  expect(chosen.sort()).toEqual([5, 6]);
  expect(kube.cluster.status).toEqual({ epoch: 6, phase: 'x' });
});

test.each([
  ['is silent', true],
  ['has told nothing yet', false],
])('what another has reserved counts while the own watch %s', async (_how, seen) => {
  const kube = new ClusterServer({ epoch: 2 });
  kube.change({ epoch: 7 });
  expect(await freeEpoch(behind(kube, { seen }), [])).toBe(8);
});

test('it is above what was promised, and what was answered', async () => {
  const kube = new ClusterServer({ epoch: 2, timelineID: 3 });
  expect(await freeEpoch(behind(kube), [])).toBe(4);
  expect(await freeEpoch(behind(kube, { promised: 6 }), [])).toBe(7);
  expect(await freeEpoch(behind(kube), [2, 11, 9])).toBe(12);
});

test('without an answer there is none', async () => {
  const kube = new ClusterServer({ epoch: 2 });
  kube.down = true;
  expect(await freeEpoch(behind(kube), [])).toBeUndefined();
  expect(kube.cluster.status).toEqual({ epoch: 2 });
});

test('a status that changes all the time is given up', async () => {
  const kube = new ClusterServer({ epoch: 2 });
  const { get } = kube;
  kube.get = async () => {
    const found = await get();
    kube.change({ phase: 'x' });
    return found;
  };
  kube.change({ phase: 'y' });
  expect(await freeEpoch(behind(kube), [])).toBeUndefined();
});
