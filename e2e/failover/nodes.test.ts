// Whole nodes are lost, stand still, come back.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault } from '../support/faults/fault.ts';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { podLog } from '../support/pod-log.ts';
import { modes, Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

const nodes = nodeFaults();
if (!nodes) process.stdout.write('faults of nodes SKIPPED here: nobody can switch off the nodes of this Kubernetes\n');

(nodes ? describe : describe.skip).each(modes)('%s', (mode) => {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await Scenario.open(openShared(), { name: `nodes-${mode.slice(0, 4)}`, mode });
  });
  beforeEach(() => scenario.healthy());
  afterAll(() => scenario?.[Symbol.asyncDispose]());

  const off = async (pod: string): Promise<Fault> => {
    if (!nodes) throw new Error('no nodes');
    return nodes.powerOff(await nodeOf(scenario.pod(pod)));
  };

  test('F4 the old primary returns in the middle of the failover: nobody is led to it, and it follows', async () => {
    await scenario.under('returns mid-failover', {
      mayLose: true,
      do: async (primary) => {
        await using _off = await off(primary);
        await sleep(mode === 'synchronous' ? 3500 : 13_500);
      },
    });
  });

  test('F6 the node of the primary stands still for 60 s and wakes up as a primary that it no longer is', async () => {
    const { after, before } = await scenario.under('node frozen', {
      mayLose: true,
      // What a backend had begun may be answered before anybody on the woken node is asked (docs/guarantees.md, not promised).
      mayOverlap: true,
      do: async (primary) => {
        await using _frozen = await nodes?.freeze(await nodeOf(scenario.pod(primary)));
        await sleep(60_000);
      },
    });
    expect(after).not.toBe(before);
  });

  test('F5 all nodes are lost, and the one with the oldest data comes back first: the newest data serves', async () => {
    const [stale = ''] = await scenario.standbys();
    await scenario.under('stale first', {
      do: async (primary) => {
        const others = [primary, ...(await scenario.standbys())].filter((name) => name !== stale);
        const staleOff = await off(stale);
        await sleep(3000);
        const lost = await Promise.all(others.map(off));
        await sleep(2000);
        const epoch = await scenario.epoch();
        const back = Date.now();
        await staleOff.repair();
        if (mode === 'synchronous') {
          await waitFor('the one that was lost first to be back', async () =>
            (await podLog(scenario.pod(stale))).some(({ at }) => at > back) ? true : undefined,
          );
          // Long enough to stand, if it could by itself.
          await sleep(15_000);
          expect([await scenario.primary(), await scenario.epoch()]).toEqual([primary, epoch]);
        } else await sleep(4000);
        for (const fault of lost) await fault.repair();
      },
    });
  });

  test('the node of a standby is lost: the primary serves on, and the standby catches up', async () => {
    const [standby = ''] = await scenario.standbys();
    const { before, after } = await scenario.under('node of a standby', {
      do: async () => {
        await using _off = await off(standby);
        await sleep(20_000);
      },
    });
    expect(after).toBe(before);
  });
});
