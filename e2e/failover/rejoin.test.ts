// Instances that are not on the primary's history, or do not get on with it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { inPod, stopStream } from '../support/faults/wal-stream.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { connect } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const nodes = nodeFaults();
if (!nodes) process.stdout.write('F24 SKIPPED here: nobody can switch off the nodes of this Kubernetes\n');
let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.open(openShared(), { name: 'rejoin' });
});
beforeEach(() => scenario.healthy());
afterAll(() => scenario?.[Symbol.asyncDispose]());

(nodes ? test : test.skip)(
  'F24 an old primary with WAL that nobody else has is made anew, and the directory of before is gone when it streams',
  async () => {
    const { before, after } = await scenario.under('diverged', {
      mayLose: true,
      do: async (primary) => {
        // What is written from here on is on one disk only.
        await stopStream(scenario.pod(primary), 'walsender');
        await sleep(1500);
        await using _off = await nodes?.powerOff(await nodeOf(scenario.pod(primary)));
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).not.toBe(before);
    await waitFor('one data directory', async () => {
      const names = await inPod(scenario.pod(before), 'ls "$PGDATA/.."');
      return names.includes('diverged') || names.includes('fresh') ? undefined : true;
    });
  },
);

test('F21 a standby that gets nothing while the primary writes is found by its position and comes back', async () => {
  const [standby = ''] = await scenario.standbys();
  await scenario.under('stuck receiver', {
    do: async (primary) => {
      await stopStream(scenario.pod(standby), 'walreceiver');
      const to = (instance: string) => ({ namespace: scenario.namespace, cluster: scenario.cluster, to: { instance } });
      await using writer = await connect(scenario.platform.api, to(primary));
      const { rows } = await writer.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
      await waitFor(
        'the standby to go on',
        async () => {
          await using session = await connect(scenario.platform.api, to(standby));
          const { rows: found } = await session.query<{ there: boolean }>(
            'select pg_last_wal_replay_lsn() > $1::pg_lsn as there',
            [rows[0]?.lsn],
          );
          return found[0]?.there === true ? true : undefined;
        },
        { timeout: 150_000 },
      );
    },
  });
});
