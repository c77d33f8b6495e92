// Instances that are not on the primary's history, or do not get on with it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { slotName } from '../../src/naming.ts';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { inPod, stopStream } from '../support/faults/wal-stream.ts';
import { podLog } from '../support/pod-log.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { connect, type Session } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const nodes = nodeFaults();
if (!nodes) process.stdout.write('F24 SKIPPED here: nobody can switch off the nodes of this Kubernetes\n');
let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.open(openShared(), { name: 'rejoin', spec: { enableSuperuserAccess: true } });
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
        {
          await using session = await scenario.session({ instance: primary });
          await session.query('create table alone ()');
        }
        await sleep(1500);
        await using _off = await nodes?.powerOff(await nodeOf(scenario.pod(primary)));
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).not.toBe(before);
    // By a rewind where the image has one.
    const made = (await podLog(scenario.pod(before))).filter(({ rule = '' }) => ['rebuilt', 'rewound'].includes(rule));
    expect(made).not.toEqual([]);
    await using session = await scenario.session({ instance: before });
    expect((await session.query("select from pg_class where relname = 'alone'")).rows).toEqual([]);
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

test('F26 a standby stays away until its slot has lost its WAL: the disk of the primary is spared, and the standby is made anew', async () => {
  const [standby = ''] = await scenario.standbys();
  const keep = { max_slot_wal_keep_size: '32MB', wal_keep_size: '0', min_wal_size: '32MB', max_wal_size: '64MB' };
  await scenario.patch({ postgresql: { parameters: keep } });
  const slot = async (admin: Session): Promise<string | undefined> => {
    const { rows } = await admin.query<{ status: string }>(
      'select wal_status as status from pg_replication_slots where slot_name = $1',
      [slotName('_cnpg_', standby)],
    );
    return rows[0]?.status;
  };
  const { before, after } = await scenario.under('slot lost', {
    do: async (primary) => {
      await using admin = await scenario.session({ instance: primary }, 'superuser');
      await waitFor('the setting', async () => {
        const { rows } = await admin.query<{ size: string }>(
          "select current_setting('max_slot_wal_keep_size') as size",
        );
        return rows[0]?.size === keep.max_slot_wal_keep_size ? true : undefined;
      });
      await using _away = await stopStream(scenario.pod(standby), 'walreceiver');
      await waitFor('its slot to be lost', async () => {
        // A segment each time, however little is in it.
        await admin.query("select pg_logical_emit_message(false, 'fill', 'a segment')");
        await admin.query('select pg_switch_wal()');
        await admin.query('checkpoint');
        return (await slot(admin)) === 'lost' ? true : undefined;
      });
      await waitFor(
        'the standby to be made anew',
        async () => ((await podLog(scenario.pod(standby))).some(({ rule }) => rule === 'rebuilt') ? true : undefined),
        { timeout: 150_000 },
      );
    },
  });
  expect(after).toBe(before);
  await using admin = await scenario.session('rw', 'superuser');
  expect(['reserved', 'extended']).toContain(await slot(admin));
  await scenario.patch({ postgresql: { parameters: null } });
});
