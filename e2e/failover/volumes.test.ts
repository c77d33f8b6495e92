// Claims and pods of standbys go in every combination, and at the worst moment: each instance comes back whole, by itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { PersistentVolumeClaim, Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { label } from '../../src/labels.ts';
import { instancePods } from '../support/cluster.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.open(platform, { name: 'volumes', spec: { walStorage: { size: '1Gi' } } });
});
beforeEach(() => scenario.healthy());
afterAll(() => scenario?.[Symbol.asyncDispose]());

const key = (name: string): { namespace: string; name: string } => ({ namespace: scenario.namespace, name });

/** Names of the claims that an instance's pod mounts, its data first. */
async function claimsOf(instance: string): Promise<string[]> {
  const pod = await api.get<Pod>(resource.pods, key(instance));
  const names = (pod?.spec?.volumes ?? []).flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
  return names.sort((a, b) => a.length - b.length);
}

const uidOf = async (claim: string): Promise<string | undefined> =>
  (await api.get<PersistentVolumeClaim>(resource.persistentVolumeClaims, key(claim)))?.metadata?.uid;

test.each([
  ['the claim of its data', [0]],
  ['the claim of its WAL', [1]],
  ['both claims', [0, 1]],
])('F27 %s and the pod of a standby are deleted: it is made anew on claims that are whole', async (what, which) => {
  const [standby = ''] = await scenario.standbys();
  const claims = await claimsOf(standby);
  expect(claims).toHaveLength(2);
  const { before, after } = await scenario.under(`deleted: ${what}`, {
    do: async () => {
      const deleted = which.map((index) => claims[index] ?? '');
      const uids = await Promise.all(deleted.map(uidOf));
      for (const claim of deleted) await api.delete(resource.persistentVolumeClaims, key(claim));
      await scenario.deletePod(standby);
      await waitFor('the claims to be gone', async () => {
        const now = await Promise.all(deleted.map(uidOf));
        return now.some((uid, index) => uid === uids[index]) ? undefined : true;
      });
      await waitFor('all instances', async () => ((await instances()) === 3 ? true : undefined), { timeout: 120_000 });
    },
  });
  expect(after).toBe(before);
});

const instances = async (): Promise<number> =>
  (await instancePods(api, scenario.namespace, scenario.cluster)).filter(({ status }) => status?.phase === 'Running')
    .length;

test('F28 whoever clones a standby is killed again and again: a half copy is never taken for a whole one', async () => {
  const [standby = ''] = await scenario.standbys();
  const [data = ''] = await claimsOf(standby);
  const labelSelector = `${label.cluster}=${scenario.cluster},${label.jobRole}=join`;
  const { before, after } = await scenario.under('killed while cloning', {
    do: async () => {
      await api.delete(resource.persistentVolumeClaims, key(data));
      await scenario.deletePod(standby);
      const killed = new Set<string>();
      for (let time = 0; time < 3; time += 1) {
        const name = await waitFor('somebody who clones', async () => {
          const { items } = await api.list<Pod>(resource.pods, { namespace: scenario.namespace, labelSelector });
          const running = items.find(
            ({ metadata, status }) => status?.phase === 'Running' && !killed.has(metadata?.uid ?? ''),
          );
          killed.add(running?.metadata?.uid ?? '');
          return running?.metadata?.name;
        });
        await sleep(400 * time);
        await api.delete(resource.pods, key(name), { gracePeriodSeconds: 0 });
      }
      await waitFor('all instances', async () => ((await instances()) === 3 ? true : undefined), { timeout: 180_000 });
    },
  });
  expect(after).toBe(before);
});
