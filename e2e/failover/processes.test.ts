// Single processes of a cluster are killed or stand still, under a recorded load.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freeze, signal } from '../support/faults/processes.ts';
import { inPod } from '../support/faults/wal-stream.ts';
import { modes, Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

describe.each(modes)('%s', (mode) => {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await Scenario.open(openShared(), { name: `processes-${mode.slice(0, 4)}`, mode });
  });
  beforeEach(() => scenario.healthy());
  afterAll(() => scenario?.[Symbol.asyncDispose]());

  test('PostgreSQL of the primary is killed three times in a row: restarted in place', async () => {
    const { before, after } = await scenario.under('postgres killed thrice', {
      do: async (primary) => {
        for (let time = 0; time < 3; time += 1) {
          await signal(scenario.pod(primary), 'postgres', 'KILL');
          await sleep(3000);
        }
      },
    });
    expect(after).toBe(before);
  });

  test('the managers of all instances are killed: nothing changes for clients', async () => {
    const { before, after } = await scenario.under('managers killed', {
      do: async (primary) => {
        for (const name of [primary, ...(await scenario.standbys())]) {
          await signal(scenario.pod(name), 'manager', 'KILL');
        }
      },
    });
    expect(after).toBe(before);
  });

  test('F7 manager and PostgreSQL of the primary are killed at once: the supervisor leaves no backend behind', async () => {
    await scenario.under('manager and postgres killed', {
      do: async (primary) => {
        const pod = scenario.pod(primary);
        await using session = await scenario.session({ instance: primary });
        const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
        const stat = `/proc/${Number(rows[0]?.pid)}/stat`;
        // It stands still, as one does whose disk does not answer: by itself it would never notice the end of its postmaster.
        await inPod(pod, `kill -STOP ${Number(rows[0]?.pid)}`);
        const startOf = async (): Promise<string> => (await inPod(pod, `cut -d ' ' -f 22 ${stat} || true`)).trim();
        const begun = await startOf();
        expect(begun).not.toBe('');
        await signal(pod, 'manager', 'KILL');
        await signal(pod, 'postgres', 'KILL');
        await waitFor('the backend to be gone', async () => ((await startOf()) === begun ? undefined : true));
      },
    });
  });

  test('F6 F2 the manager of the primary stands still for 60 s: the watchdog ends its PostgreSQL, and one primary goes on', async () => {
    const begunAt = async (instance: string): Promise<string> => {
      await using session = await scenario.session({ instance });
      const { rows } = await session.query<{ at: string }>('select pg_postmaster_start_time()::text as at');
      return rows[0]?.at ?? '';
    };
    let begun = '';
    const { before } = await scenario.under('manager frozen 60 s', {
      mayLose: true,
      do: async (primary) => {
        begun = await begunAt(primary);
        await using _frozen = await freeze(scenario.pod(primary), 'manager');
        await sleep(60_000);
      },
    });
    expect(await begunAt(before)).not.toBe(begun);
  });

  test('F22 the postmaster of the primary stands still for 60 s: nobody new is let in, so another takes over', async () => {
    const { before, after } = await scenario.under('postmaster frozen 60 s', {
      mayLose: true,
      do: async (primary) => {
        await using _frozen = await freeze(scenario.pod(primary), 'postgres');
        await sleep(60_000);
      },
    });
    expect(after).not.toBe(before);
  });

  test('F18 the postmaster and every backend of the primary stand still: walsenders that keep quiet hold up nobody', async () => {
    const { before, after } = await scenario.under('postgres frozen with its backends', {
      mayLose: true,
      do: async (primary) => {
        await using _frozen = await freeze(scenario.pod(primary), 'postgres', { withChildren: true });
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).not.toBe(before);
  });

  test('three failovers in a row: epochs and timelines grow, and nothing is lost', async () => {
    const { epochs } = await scenario.under('three failovers', {
      do: async () => {
        for (let time = 0; time < 3; time += 1) {
          const primary = await scenario.primary();
          await scenario.deletePod(primary);
          await scenario.anotherPrimary(primary);
          await scenario.healthy();
        }
      },
    });
    expect(epochs[1] - epochs[0]).toBeGreaterThanOrEqual(3);
  });
});
