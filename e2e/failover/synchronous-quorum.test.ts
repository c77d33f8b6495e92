// Synchronous replication with `required`: whatever happens to the primary, no acknowledged commit is lost, and none is told of before
// a standby has it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { resource } from '../../src/kube/resource-types.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { apiServerDown } from '../support/faults/api-server.ts';
import type { Fault } from '../support/faults/fault.ts';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { signal } from '../support/faults/processes.ts';
import { stopStream } from '../support/faults/wal-stream.ts';
import { podLog } from '../support/pod-log.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

const nodes = nodeFaults();
const withNodes = nodes ? test : test.skip;
if (!nodes) process.stdout.write('quorums without the primary SKIPPED here: nobody can switch off the nodes\n');
let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.open(openShared(), {
    name: 'quorum',
    mode: 'synchronous',
    spec: { enableSuperuserAccess: true },
  });
});
beforeEach(async () => {
  await scenario.healthy();
  await scenario.settled(2);
});
afterAll(() => scenario?.[Symbol.asyncDispose]());

async function powerOff(pod: string): Promise<Fault> {
  if (!nodes) throw new Error('no nodes');
  return nodes.powerOff(await nodeOf(scenario.pod(pod)));
}

type At = 'rw' | { readonly instance: string };
/** A session that waits for as long as its commit does. */
const patient = { query_timeout: 0 };

/** The one row that a query answers with. */
async function ask<Row extends object>(at: At, query: string, ...values: unknown[]): Promise<Row | undefined> {
  await using session = await scenario.session(at, 'superuser');
  return (await session.query<Row>(query, values)).rows[0];
}

withNodes('the node of the primary loses its power: the standbys elect one of them', async () => {
  const { before, after } = await scenario.under('power', {
    do: async (primary) => {
      await using _off = await powerOff(primary);
      await scenario.anotherPrimary(primary);
    },
  });
  expect(after).not.toBe(before);
});

/**
 * A commit at `now` waits: of the two that could confirm it one stands still, and `old` comes back with a log of its own. Whoever counts
 * that log would be ahead of the primary itself. Resolves with how the commit ends.
 */
async function unconfirmed(
  now: At,
  comeBack: () => Promise<void>,
): Promise<{ ends: Promise<string> } & AsyncDisposable> {
  const writer = await scenario.session(now, 'superuser', patient);
  let outcome: string | undefined;
  const ends = writer.query('insert into proof values (1)').then(
    () => (outcome = 'acknowledged'),
    (error: unknown) => (outcome = String(error)),
  );
  await comeBack();
  await using watcher = await scenario.session(now, 'superuser');
  const until = performance.now() + 30_000;
  while (performance.now() < until) {
    const { rows } = await watcher.query(
      'select application_name from pg_stat_replication where flush_lsn > pg_current_wal_flush_lsn()',
    );
    expect([rows, outcome]).toEqual([[], undefined]);
    await sleep(20);
  }
  return { ends, [Symbol.asyncDispose]: () => writer.end() };
}

withNodes('M24: an ex-primary with WAL of its own, not rewound, is no standby that confirms', async () => {
  const { before, after } = await scenario.under('ex-primary offered as standby', {
    do: async (primary) => {
      await using session = await scenario.session({ instance: primary }, 'superuser');
      await session.query('create table proof (id int)');
      // Nobody else ever gets what follows, and it reaches far beyond the point where the others go on.
      await stopStream(scenario.pod(primary), 'walsender');
      await session.query('set synchronous_commit = local');
      await session.query('create table alone as select md5(i::text) from generate_series(1, 50000) i');
      await using off = await powerOff(primary);
      const now = { instance: await scenario.anotherPrimary(primary) };
      const third = (await scenario.standbys()).find((name) => name !== primary) ?? '';
      await waitFor('the third one to stream', () =>
        ask(now, "select from pg_stat_replication where state = 'streaming' and application_name = $1", third),
      );
      await using frozen = await nodes?.freeze(await nodeOf(scenario.pod(third)));
      await using commit = await unconfirmed(now, () => off.repair());
      const there = 'this instance is not on the history of the primary';
      expect((await podLog(scenario.pod(primary))).map(({ msg = '' }) => msg.toLowerCase())).toContain(there);
      // Only now can the old primary leave the set, and be made anew (rule 28).
      await frozen?.repair();
      expect(await commit.ends).toBe('acknowledged');
    },
  });
  expect(after).not.toBe(before);
  expect(await ask({ instance: before }, "select from pg_class where relname = 'alone'")).toBeUndefined();
});

interface FirstLook {
  readonly rows: number;
  readonly standbys: number;
}

/** What the first client that is let in sees of the waiting commit, and how many standbys have it at that moment. */
async function firstLook(at: At, lsn: string): Promise<FirstLook> {
  return waitFor(
    'a client to be let in',
    () =>
      ask<FirstLook>(
        at,
        `select (select count(*)::int from pg_stat_replication where flush_lsn >= $1::pg_lsn) as standbys,
                (select count(*)::int from waited) as rows`,
        lsn,
      ),
    { every: 20 },
  );
}

test.each([
  [1000, 'rule 23: PostgreSQL is killed while commits wait: they are seen when a standby has them'],
  [10_000, 'rule 23: PostgreSQL is killed while commits wait and no standby answers: clients wait for five seconds'],
])('receivers are away for %d ms more; %s', async (more, title) => {
  const { before, after } = await scenario.under(title, {
    do: async (primary) => {
      const at = { instance: primary };
      await using writer = await scenario.session(at, 'superuser', patient);
      await writer.query('drop table if exists waited');
      await writer.query('create table waited (id int)');
      const pods = (await scenario.standbys()).map((name) => scenario.pod(name));
      const receivers = await Promise.all(pods.map((pod) => stopStream(pod, 'walreceiver')));
      const answer = writer.query('insert into waited values (1)').then(
        () => 'acknowledged',
        () => 'in doubt',
      );
      const waits = "select from pg_stat_activity where wait_event = 'SyncRep' and query like 'insert into waited%'";
      await waitFor('the commit to wait', () => ask(at, waits));
      const { lsn = '' } = (await ask<{ lsn: string }>(at, 'select pg_current_wal_flush_lsn()::text as lsn')) ?? {};
      const killed = Date.now();
      await signal(scenario.pod(primary), 'postgres', 'KILL');
      expect(await answer).toBe('in doubt');
      const look = firstLook(at, lsn);
      await sleep(more);
      for (const receiver of receivers) await receiver.repair();
      const { rows, standbys } = await look;
      expect(rows).toBe(1);
      const opened = (await podLog(scenario.pod(primary))).filter(
        ({ at: said, msg }) => said >= killed && msg === 'Clients are let in',
      );
      const rules = opened.map(({ rule }) => rule);
      scenario.say(`${title}: ${standbys} standbys had it; ${rules.join()}`);
      // After five seconds a primary that nobody confirms lets them in all the same, and says so.
      expect(rules).toEqual([standbys > 0 ? expect.any(String) : 'opened-before-barrier']);
      if (more > 5000) expect(rules).toEqual(['opened-before-barrier']);
    },
  });
  expect(after).toBe(before);
});

interface Said {
  readonly promised: number[];
  readonly held: number[];
}

/** When one of those that live had promised, and when one held the lease, since a moment. */
async function saidSince(from: number, living: readonly string[]): Promise<Said> {
  const logs = await Promise.all(living.map((name) => podLog(scenario.pod(name))));
  const lines = logs.flat().filter(({ at }) => at >= from);
  const times = (text: string): number[] => lines.filter(({ msg }) => msg === text).map(({ at }) => at);
  return { promised: times('Promised to another'), held: times('This instance holds the lease') };
}

/** Resolves when somebody has reserved an epoch to stand for: promises follow at once, and then the claim. */
async function reservation(signal: AbortSignal): Promise<void> {
  const { namespace, platform } = scenario;
  const epochOf = (cluster: KubeObject | undefined): number =>
    (cluster as { status?: { epoch?: number } } | undefined)?.status?.epoch ?? 0;
  const { items, resourceVersion } = await platform.api.list(resource.clusters, { namespace });
  for await (const event of platform.api.watch(resource.clusters, { namespace, resourceVersion, signal }))
    if ('object' in event && epochOf(event.object) > epochOf(items[0])) return;
}

/**
 * Takes the primary's node away and, `after` milliseconds after an epoch was reserved, the API server for a while. Where in the election
 * that was.
 */
async function outage(after: number): Promise<'before the promise' | 'between promise and claim' | 'after the claim'> {
  const [primary, living] = [await scenario.primary(), await scenario.standbys()];
  const began = Date.now();
  const reserved = reservation(AbortSignal.timeout(120_000));
  const off = await powerOff(primary);
  await reserved;
  await sleep(after);
  let [down, up] = [0, 0];
  {
    await using _down = await apiServerDown();
    down = Date.now();
    await sleep(15_000);
    up = Date.now();
  }
  await scenario.anotherPrimary(primary);
  const { promised, held } = await waitFor('a claim', async () => {
    const said = await saidSince(began, living);
    return said.held.length > 0 ? said : undefined;
  });
  await off.repair();
  await scenario.healthy();
  if (held.some((at) => at < down)) return 'after the claim';
  return promised.some((at) => at < up) ? 'between promise and claim' : 'before the promise';
}

withNodes(
  'the API server is lost between promise and claim: commits wait until it is back, and none is lost',
  async () => {
    await scenario.under('API lost between promise and claim', {
      do: async () => {
        // The moment is sought: it is a few milliseconds after the reservation.
        let after = 0;
        for (let time = 0; time < 8; time += 1) {
          const when = await outage(after);
          scenario.say(`API server lost ${after} ms after the reservation: ${when}`);
          if (when === 'between promise and claim') return;
          after = Math.max(0, after + (when === 'after the claim' ? -10 : 15));
        }
        throw new Error('the moment between promise and claim was never met');
      },
    });
  },
);
