// Instances that are not on the primary's history, or do not get on with it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { exec } from '../support/exec.ts';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
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

async function inPod(pod: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await exec(scenario.platform, scenario.namespace, pod, 'postgres', [
    'bash',
    '-c',
    script,
  ]);
  if (code !== 0) throw new Error(`${script} in ${pod}: ${stderr}`);
  return stdout;
}

/** Of the local server, one kind of process alone. */
const walProcess = (kind: 'walsender' | 'walreceiver'): string => `
  top="$(cat "\${HOWDAH_ROOT:-}/controller/supervisor/postgres.pid")"
  for dir in /proc/[0-9]*; do
    grep -qs ${kind} "$dir/cmdline" || continue
    read -r stat 2>/dev/null <"$dir/stat" || continue; read -r _ parent _ <<<"\${stat##*) }"
    if [[ $parent == "$top" ]]; then kill -STOP "\${dir#/proc/}"; fi
  done; true`;

(nodes ? test : test.skip)(
  'F24 an old primary with WAL that nobody else has is made anew, and the directory of before is gone when it streams',
  async () => {
    const { before, after } = await scenario.under('diverged', {
      mayLose: true,
      do: async (primary) => {
        // What is written from here on is on one disk only.
        await inPod(primary, walProcess('walsender'));
        await sleep(1500);
        await using _off = await nodes?.powerOff(await nodeOf(scenario.pod(primary)));
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).not.toBe(before);
    await waitFor('one data directory', async () => {
      const names = await inPod(before, 'ls "$PGDATA/.."');
      return names.includes('diverged') || names.includes('fresh') ? undefined : true;
    });
  },
);

test('F21 a standby that gets nothing while the primary writes is found by its position and comes back', async () => {
  const [standby = ''] = await scenario.standbys();
  await scenario.under('stuck receiver', {
    do: async (primary) => {
      await inPod(standby, walProcess('walreceiver'));
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
