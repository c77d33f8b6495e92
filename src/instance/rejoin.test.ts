import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fakeKube, type FakeKube } from '../testing/fake-kube.ts';
import { killFamily, processInfo, signal } from './postmaster/process.ts';
import { eventually, putSecrets, tellLogs, testPod, type TestPod } from './testing.ts';

// Two instances of PostgreSQL 15, for which Debian has pg_rewind: without it a clone is made instead, which is said and tested as well.
const canRewind = existsSync('/usr/lib/postgresql/15/bin/pg_rewind');
if (!canRewind)
  process.stdout.write('no pg_rewind of PostgreSQL 15 here (Debian package postgresql-15): it is cloned\n');
let kube: FakeKube;
let first: TestPod;
let second: TestPod;

beforeAll(async () => {
  kube = await fakeKube();
  await putSecrets(kube, 'r');
  kube.put('clusters', {
    metadata: { name: 'r', namespace: 'default' },
    spec: {
      instances: 2,
      storage: { size: '1Gi' },
      primaryLease: { leaseDurationSeconds: 5, renewDeadlineSeconds: 2, retryPeriodSeconds: 1 },
      bootstrap: {
        initdb: {
          walSegmentSize: 4,
          postInitApplicationSQL: ['CREATE TABLE made (a int)', 'ALTER TABLE made OWNER TO app'],
        },
      },
    },
    status: { instanceNames: ['r-1', 'r-2'], targetPrimary: 'r-1' },
  } as object);
  kube.put('leases', { metadata: { name: 'r', namespace: 'default' } });
  const common = { kube, cluster: 'r', major: 15 } as const;
  first = await testPod({ ...common, pod: 'r-1' });
  second = await testPod({ ...common, pod: 'r-2' });
});
afterAll(async () => {
  await tellLogs(first, second);
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await kube?.[Symbol.asyncDispose]();
});

const rows = async (pod: TestPod): Promise<string> =>
  (await pod.query<{ a: number }>('SELECT a FROM made ORDER BY a', 'app')).map(({ a }) => a).join();
const senderOf = (postmaster: number): number | undefined =>
  readdirSync('/proc')
    .map(Number)
    .find((pid) => processInfo(pid)?.parent === postmaster && commandOf(pid).includes('walsender'));
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test('F24 an old primary that was killed with WAL nobody else has is made a standby of the new one', async () => {
  expect(await first.job('init')).toBe(0);
  const supervisor = first.start();
  await eventually(() => first.query('INSERT INTO made VALUES (1)', 'app'), 30);
  kube.patch('clusters', 'default', 'r', {
    status: { instancesReportedState: { 'r-1': { isPrimary: true, ip: first.address } } },
  });
  expect(await second.job('join')).toBe(0);
  second.start();
  await eventually(async () => (await rows(second)) === '1', 30);
  const sender = await eventually(async () => senderOf(await first.postgresPid()), 30);
  await eventually(async () => {
    const lease = kube.get<{ metadata: { annotations?: Record<string, string> } }>('leases', 'default', 'r');
    return JSON.stringify(lease?.metadata.annotations ?? {}).includes('r-2');
  }, 30);

  // What is written from here on is on one disk only.
  signal(sender, 'SIGSTOP');
  await first.query('INSERT INTO made VALUES (2)', 'app');
  const pids = [await first.managerPid(), await first.postgresPid()] as const;
  supervisor.kill('SIGKILL');
  signal(pids[0], 'SIGKILL');
  killFamily(pids[1]);
  await eventually(() => second.query('INSERT INTO made VALUES (3)', 'app'), 40);

  first.start();
  await eventually(async () => (await rows(first)) === '1,3', 50);
  const output = await first.output();
  expect(output).toContain('"rule":"not-on-the-history"');
  expect(output).toContain(canRewind ? '"rule":"rewound"' : '"rule":"rebuilt"');
}, 150_000);
