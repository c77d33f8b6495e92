// Synchronous replication with `required`: whatever happens to the primary, no acknowledged commit is lost, and none is told of before
// a standby has it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
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

/** Takes the primary's node away and, `after` milliseconds later, the API server for a while. Where in the election that was. */
async function outage(after: number): Promise<'before the promise' | 'between promise and claim' | 'after the claim'> {
  const [primary, living] = [await scenario.primary(), await scenario.standbys()];
  const { version } = await scenario.lease();
  await waitFor('a renewal', async () => ((await scenario.lease()).version === version ? undefined : true), {
    every: 20,
  });
  const began = Date.now();
  const off = await powerOff(primary);
  await sleep(Math.max(0, began + after - Date.now()));
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
        // The moment is sought: it is a few milliseconds after patience has ended.
        let after = 3300;
        for (let time = 0; time < 8; time += 1) {
          const when = await outage(after);
          scenario.say(`API server lost ${after} ms after the primary: ${when}`);
          if (when === 'between promise and claim') return;
          after += when === 'after the claim' ? -700 : 400;
        }
        throw new Error('the moment between promise and claim was never met');
      },
    });
  },
);
