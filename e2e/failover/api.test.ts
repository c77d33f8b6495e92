// The API server stands still, which everybody in the cluster notices at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { apiServerDown } from '../support/faults/api-server.ts';
import { freeze, signal } from '../support/faults/processes.ts';
import { modes, Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';

describe.each(modes)('%s', (mode) => {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await Scenario.open(openShared(), { name: `api-${mode.slice(0, 4)}`, mode });
  });
  beforeEach(() => scenario.healthy());
  afterAll(() => scenario?.[Symbol.asyncDispose]());

  test('F20 the API server is down for two minutes: the primary goes on by the word of all others', async () => {
    const { before, after, epochs } = await scenario.under('api down', {
      do: async (primary) => {
        await using session = await scenario.session({ instance: primary });
        await using _down = await apiServerDown();
        const until = performance.now() + 120_000;
        while (performance.now() < until) {
          await session.query('select 1');
          await sleep(500);
        }
      },
    });
    expect([after, epochs[1]]).toEqual([before, epochs[0]]);
  });

  test('PostgreSQL of the primary is killed while the API server is down: nobody is promoted without it, and it serves again afterwards', async () => {
    const { before, after } = await scenario.under('api down, postgres killed', {
      do: async (primary) => {
        // exec goes by way of the API server: the order is given before, and carried out after it has gone.
        await signal(scenario.pod(primary), 'postgres', 'KILL', { afterSeconds: 3 });
        await using _down = await apiServerDown();
        await sleep(25_000);
      },
    });
    expect(after).toBe(before);
  });

  test('F1 the API server is down and one member is silent: the primary fences itself, nothing acknowledged is lost', async () => {
    const [silent = ''] = await scenario.standbys();
    await scenario.under('api down, one silent', {
      do: async () => {
        await using _frozen = await freeze(scenario.pod(silent), 'manager');
        await using _down = await apiServerDown();
        await sleep(25_000);
      },
    });
  });
});
