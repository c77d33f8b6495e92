// An old primary with WAL that nobody else has is rewound where the image has pg_rewind; a rewind that fails is followed by a clone.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { inPod, stopStream } from '../support/faults/wal-stream.ts';
import { podLog } from '../support/pod-log.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

// Debian's client programs of this version are where the embedded engine looks for what its PostgreSQL packages lack.
const major = 15;
const nodes = nodeFaults();
if (!nodes) process.stdout.write('F24 SKIPPED here: nobody can switch off the nodes of this Kubernetes\n');
const withNodes = nodes ? test : test.skip;
const platform = openShared();
let scenario: Scenario;
beforeAll(async () => {
  const spec = { imageName: platform.image(major), enableSuperuserAccess: true };
  scenario = await Scenario.open(platform, { name: 'rewind', spec });
});
beforeEach(() => scenario.healthy());
afterAll(() => scenario?.[Symbol.asyncDispose]());

/** Whether the image has the program; it is asked for in a pod, since nobody else knows. */
async function canRewind(): Promise<boolean> {
  const look = `command -v pg_rewind >/dev/null || test -x /usr/lib/postgresql/${major}/bin/pg_rewind; echo $?`;
  const there = (await inPod(scenario.pod(await scenario.primary()), look)).trim() === '0';
  if (!there) scenario.say(`SKIPPED: there is no pg_rewind of PostgreSQL ${major} in the image`);
  return there;
}

/** The primary writes something that nobody gets, `prepare`s for what is to come, and loses its power; resolves when it is back. */
async function diverge(primary: string, prepare: (databaseDirectory: string) => string): Promise<void> {
  {
    await using session = await scenario.session({ instance: primary }, 'superuser');
    await stopStream(scenario.pod(primary), 'walsender');
    await session.query('create database alone');
    await session.query('checkpoint');
    const { rows } = await session.query<{ oid: string }>("select oid from pg_database where datname = 'alone'");
    await inPod(scenario.pod(primary), prepare(`"$PGDATA"/base/${Number(rows[0]?.oid)}`));
    await sleep(1500);
  }
  await using _off = await nodes?.powerOff(await nodeOf(scenario.pod(primary)));
  await scenario.anotherPrimary(primary);
}

/** What the manager has said about making its data anew. */
async function told(pod: string): Promise<string[]> {
  const rules = new Set(['rewind', 'rewound', 'rewind-failed', 'rebuild', 'rebuilt']);
  return (await podLog(scenario.pod(pod))).flatMap(({ rule = '' }) => (rules.has(rule) ? [rule] : []));
}

async function alone(instance: string): Promise<number> {
  await using session = await scenario.session({ instance });
  return (await session.query("select from pg_database where datname = 'alone'")).rowCount ?? 0;
}

withNodes('F24 an old primary with WAL of its own is rewound, and nothing of that is left', async () => {
  if (!(await canRewind())) return;
  const { before, after } = await scenario.under('rewound', {
    mayLose: true,
    do: (primary) => diverge(primary, () => 'true'),
  });
  expect(after).not.toBe(before);
  expect(await told(before)).toEqual(['rewind', 'rewound']);
  expect(await alone(before)).toBe(0);
});

withNodes(
  'F24 a rewind fails half-way: a clone is made beside the old directory, which is kept until the clone streams',
  async () => {
    if (!(await canRewind())) return;
    const directories = (pod: string): Promise<string> => inPod(scenario.pod(pod), 'ls "$PGDATA"/..');
    const { before, after } = await scenario.under('rewind fails', {
      mayLose: true,
      do: async (primary) => {
        // A rewind takes away what only this one has at its very end, and may not here; nor may whoever clears up after the clone.
        await diverge(primary, (directory) => `chmod 500 ${directory}`);
        await waitFor('a clone', async () => ((await told(primary)).includes('rebuilt') ? true : undefined), {
          timeout: 180_000,
        });
      },
    });
    expect(after).not.toBe(before);
    expect(await told(before)).toEqual(['rewind', 'rewind-failed', 'rebuild', 'rebuilt']);
    expect(await alone(before)).toBe(0);
    expect(await directories(before)).toContain('.diverged');
    await inPod(scenario.pod(before), 'chmod -R u+w "$PGDATA".diverged');
    await waitFor('the old directory to go', async () =>
      (await directories(before)).includes('.diverged') ? undefined : true,
    );
  },
);
