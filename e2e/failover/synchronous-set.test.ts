// The set of synchronous standbys follows the members step by step (rules 19, 20, 22, 28): it is never empty, and no step of a change
// takes away what keeps an acknowledged commit.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { instancePods } from '../support/cluster.ts';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { stopStream } from '../support/faults/wal-stream.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

const nodes = nodeFaults();
if (!nodes) process.stdout.write('sets without the primary SKIPPED here: nobody can switch off the nodes\n');
const platform = openShared();
const { api } = platform;
let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.open(platform, { name: 'set', mode: 'synchronous' });
});
beforeEach(() => scenario.healthy());
afterAll(() => scenario?.[Symbol.asyncDispose]());

async function namesSetting(): Promise<string> {
  await using session = await scenario.session();
  const { rows } = await session.query<{ names: string }>(
    "select current_setting('synchronous_standby_names') as names",
  );
  return rows[0]?.names ?? '';
}

test('commits wait for a standby, and only those that the lease names count', async () => {
  const { configurations, members } = await scenario.settled(2);
  expect(members).toHaveLength(3);
  expect(configurations[0]?.number).toBe(1);
  // In the order in which they became members.
  expect(['ANY 1 ("set-2","set-3")', 'ANY 1 ("set-3","set-2")']).toContain(await namesSetting());
});

(nodes ? test : test.skip)(
  "a member's volume is wiped inside a set change, and then the primary's node is lost: nobody takes over without what it had acknowledged",
  async () => {
    await scenario.settled(2);
    const [wiped = '', behind = ''] = await scenario.standbys();
    const key = { namespace: scenario.namespace, name: wiped };
    const old = (await scenario.lease()).members.find(({ instance }) => instance === wiped)?.incarnation;
    expect(old).toBeDefined();
    const { before, after } = await scenario.under('wiped inside a set change', {
      do: async (primary) => {
        {
          // From here on only one standby has what is acknowledged.
          await using _frozen = await stopStream(scenario.pod(behind), 'walreceiver');
          await sleep(1500);
          await scenario.patch({ postgresql: { synchronous: { number: 2 } } });
          await waitFor('a change that cannot end', async () =>
            (await scenario.lease()).configurations.length > 1 ? true : undefined,
          );
          const volume = await api.get<PersistentVolumeClaim>(resource.persistentVolumeClaims, key);
          await api.delete(resource.persistentVolumeClaims, key);
          await scenario.deletePod(wiped);
          await waitFor('its volume to be gone', async () => {
            const now = await api.get<PersistentVolumeClaim>(resource.persistentVolumeClaims, key);
            return now?.metadata?.uid === volume?.metadata?.uid ? undefined : true;
          });
        }
        const epoch = await scenario.epoch();
        await using _off = await nodes?.powerOff(await nodeOf(scenario.pod(primary)));
        // Long enough for the one that is behind to stand, if it could.
        await sleep(15_000);
        expect([await scenario.primary(), await scenario.epoch()]).toEqual([primary, epoch]);
      },
    });
    expect(after).toBe(before);
    await waitFor('its old life to be forgotten', async () =>
      (await scenario.lease()).members.some(({ incarnation }) => incarnation === old) ? undefined : true,
    );
    const { configurations, members } = await scenario.settled(2);
    expect(configurations[0]?.number).toBe(2);
    const incarnations = members.map(({ incarnation }) => incarnation);
    expect(configurations[0]?.names.filter(({ incarnation }) => !incarnations.includes(incarnation))).toEqual([]);
    await scenario.patch({ postgresql: { synchronous: { number: 1 } } });
    await waitFor('the set of before', async () => (/^ANY 1 /.test(await namesSetting()) ? true : undefined));
  },
);

test('an instance fewer: it leaves the set before it goes, and commits go on', async () => {
  await scenario.under('scaled', {
    do: async () => {
      await scenario.patch({ instances: 2, postgresql: { synchronous: { number: 1 } } });
      await waitFor('two instances', async () =>
        (await instancePods(api, scenario.namespace, scenario.cluster)).length === 2 ? true : undefined,
      );
    },
  });
  const { configurations } = await scenario.settled(1);
  await waitFor('two members', async () => ((await scenario.lease()).members.length === 2 ? true : undefined));
  const [left] = configurations[0]?.names ?? [];
  expect(await namesSetting()).toBe(`ANY 1 ("${left?.instance}")`);
});
