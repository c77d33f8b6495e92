// Roles change while something else goes on: another change, a lagging or joining standby, an absent operator.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { operatorAway } from '../support/faults/operator.ts';
import { freeze, signal } from '../support/faults/processes.ts';
import { modes, Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

describe.each(modes)('%s', (mode) => {
  const platform = openShared();
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await Scenario.open(platform, { name: `roles-${mode.slice(0, 4)}`, mode });
  });
  beforeEach(() => scenario.healthy());
  afterAll(() => scenario?.[Symbol.asyncDispose]());

  test('F3 a switchover while the other standby lags: the one that has everything takes over', async () => {
    const [lagging = '', target = ''] = await scenario.standbys();
    const { after } = await scenario.under('switchover with a lagging standby', {
      do: async (primary) => {
        await using _behind = await freeze(scenario.pod(lagging), 'postgres', { withChildren: true });
        await sleep(2000);
        await scenario.switchOver(target);
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).toBe(target);
  });

  test('F3 the primary pod is deleted while a standby lags: the other one takes over', async () => {
    const [lagging = '', other = ''] = await scenario.standbys();
    const { after } = await scenario.under('pod deleted with a lagging standby', {
      do: async (primary) => {
        await using _behind = await freeze(scenario.pod(lagging), 'postgres', { withChildren: true });
        await sleep(2000);
        await scenario.deletePod(primary);
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).toBe(other);
  });

  test('F8 two switchovers to two targets are asked for at once: each epoch has one primary', async () => {
    const [one = '', two = ''] = await scenario.standbys();
    const { after, epochs } = await scenario.under('two switchovers', {
      do: async (primary) => {
        await scenario.switchOver(one);
        await sleep(150);
        await scenario.switchOver(two);
        await scenario.anotherPrimary(primary);
        await sleep(3000);
      },
    });
    expect([one, two]).toContain(after);
    expect(epochs[1] - epochs[0]).toBeLessThanOrEqual(2);
  });

  test('F11 the third instance is restarted in the middle of a failover: it follows the new timeline', async () => {
    const [third = ''] = await scenario.standbys();
    await scenario.under('third restarted', {
      do: async (primary) => {
        await scenario.deletePod(primary);
        await signal(scenario.pod(third), 'postgres', 'KILL');
        await scenario.anotherPrimary(primary);
      },
    });
  });

  test('F28 the primary is deleted while a standby is made anew on an empty volume', async () => {
    const [lost = ''] = await scenario.standbys();
    await scenario.under('failover while joining', {
      do: async (primary) => {
        const { namespace } = scenario;
        await platform.api.delete(resource.persistentVolumeClaims, { namespace, name: lost });
        await scenario.deletePod(lost);
        await sleep(2000);
        await scenario.deletePod(primary);
        await scenario.anotherPrimary(primary);
      },
    });
  });

  test('F3 a new primary is deleted before anybody streams from it: what it has acknowledged is kept, whoever leads then', async () => {
    await scenario.under('deleted before anybody streams', {
      do: async (primary) => {
        await scenario.deletePod(primary);
        const next = await scenario.anotherPrimary(primary);
        await waitFor('writes to the new one', async () => {
          await using session = await scenario.session();
          return await session.query('create table if not exists written_before_anybody_streamed ()');
        });
        await scenario.deletePod(next);
        await waitFor('its pod to go', async () => {
          const pod = await platform.api.get<Pod>(resource.pods, { namespace: scenario.namespace, name: next });
          return pod === undefined || pod.metadata?.deletionTimestamp === undefined ? true : undefined;
        });
      },
    });
  });

  test('the operator is dead throughout: a crash is repaired, a lost primary replaced, and nothing is lost', async () => {
    const { before, after } = await scenario.under('operator dead throughout', {
      do: async (primary) => {
        await using _away = await operatorAway(platform);
        await signal(scenario.pod(primary), 'postgres', 'KILL');
        await sleep(5000);
        await scenario.deletePod(primary);
        await scenario.anotherPrimary(primary);
        await sleep(2000);
      },
    });
    expect(after).not.toBe(before);
  });
});
