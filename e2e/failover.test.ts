// The primary goes away in every way that a process or a person can bring about, under a recorded write load. Each time there is one
// writable primary afterwards, on a timeline that is the lease's epoch, the old one follows it, no two acknowledged at one time, and
// nothing acknowledged is lost where the old primary could say goodbye. Longer faults: e2e/failover/.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { waitForCluster } from './support/cluster.ts';
import { nodeFaults, nodeOf } from './support/faults/nodes.ts';
import { operatorAway } from './support/faults/operator.ts';
import { freeze, signal } from './support/faults/processes.ts';
import { Scenario } from './support/scenario.ts';
import { openShared } from './support/shared.ts';
import { waitFor } from './support/wait.ts';

const platform = openShared();
const nodes = nodeFaults();
let scenario: Scenario;

beforeAll(async () => {
  scenario = await Scenario.open(platform, { name: 'failover' });
});
beforeEach(() => scenario.healthy());
afterAll(() => scenario?.[Symbol.asyncDispose]());

test('F1 PostgreSQL of the primary is killed: it is restarted in place', async () => {
  const { before, after } = await scenario.under('kill postgres', {
    do: (primary) => signal(scenario.pod(primary), 'postgres', 'KILL'),
  });
  expect(after).toBe(before);
});

test('the primary pod is deleted with one second of grace: another takes over', async () => {
  const { before, after } = await scenario.under('delete pod', { do: (primary) => scenario.deletePod(primary, 1) });
  expect(after).not.toBe(before);
});

test('a switchover is asked for in status: the target takes over, and the old primary follows', async () => {
  const wanted = (await scenario.standbys()).at(-1) ?? '';
  const { after } = await scenario.under('switchover', { do: () => scenario.switchOver(wanted) });
  expect(after).toBe(wanted);
});

test('a switchover to an instance that does not exist is refused, and the wish is taken back', async () => {
  const before = await scenario.primary();
  await scenario.switchOver(`${scenario.cluster}-9`);
  const { namespace, cluster } = scenario;
  await waitForCluster(
    platform.api,
    namespace,
    cluster,
    ({ status }) => status?.targetPrimary === before,
    'the old target',
  );
  expect(await scenario.primary()).toBe(before);
});

test('F2 the manager of the primary is frozen: a session of before is ended by the watchdog, and nobody acknowledges after it', async () => {
  await scenario.under('freeze manager', {
    do: async (primary) => {
      await using session = await scenario.session({ instance: primary });
      await using _frozen = await freeze(scenario.pod(primary), 'manager');
      const until = performance.now() + 30_000;
      const answers = async (): Promise<boolean> =>
        session.query('select 1').then(
          () => true,
          () => false,
        );
      while (await answers()) {
        expect(performance.now()).toBeLessThan(until);
        await sleep(50);
      }
    },
  });
});

test('the primary pod is deleted while the operator is away: the failover is completed without it', async () => {
  const { before, after } = await scenario.under('operator away', {
    do: async (primary) => {
      await using _away = await operatorAway(platform);
      await scenario.deletePod(primary);
      await scenario.anotherPrimary(primary);
      // The role is in the status a moment before the service leads there.
      await waitFor('a write without the operator', async () => {
        await using session = await scenario.session();
        return await session.query('create table if not exists written_without_operator ()');
      });
    },
  });
  expect(after).not.toBe(before);
});

if (!nodes) process.stdout.write('power loss SKIPPED here: nobody can switch off the nodes of this Kubernetes\n');
(nodes ? test : test.skip)(
  'the node of the primary loses its power: another takes over when the lease has run out, and the old one follows it afterwards',
  async () => {
    const { before, after, lost } = await scenario.under('power off', {
      mayLose: true,
      do: async (primary) => {
        await using _off = await nodes?.powerOff(await nodeOf(scenario.pod(primary)));
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).not.toBe(before);
    // Only what had been acknowledged and not yet been sent is lost, which is little.
    expect(lost).toBeLessThan(200);
  },
);
