import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PromotionAction } from '../../../state-machines/promotion/machine.ts';
import { ElectedStandby, stoppedOrigin } from './testing.ts';

// Real PostgreSQL, promoted to timeline 5 from timeline 1; everything that its manager knows is lost in between.
const epoch = 5;
let origin: Awaited<ReturnType<typeof stoppedOrigin>>;
beforeAll(async () => {
  origin = await stoppedOrigin();
});
afterAll(async () => {
  await origin[Symbol.asyncDispose]();
});

async function serves(standby: ElectedStandby): Promise<void> {
  const [row] = await standby.query<{ standby: boolean; timeline: number }>(
    `SELECT pg_is_in_recovery() AS standby, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline`,
  );
  expect(row).toEqual({ standby: false, timeline: epoch });
  expect(await standby.query('SELECT a FROM made')).toEqual([{ a: 1 }]);
  await standby.query('INSERT INTO made VALUES (2)');
  expect(standby.world.currentPrimary).toBe('c-1');
  const { current } = await standby.state();
  expect(current).toMatchObject({ led: epoch, promotes: epoch, ownsLog: true });
  // PostgreSQL's own file names every timeline that it came from, to where it was left.
  const history = await readFile(path.join(standby.data, 'pg_wal/00000005.history'), 'utf8');
  expect(history).toMatch(/^1\t/);
}

const interrupted: readonly PromotionAction['type'][] = [
  'take-label-off-old-primary',
  'plant-histories',
  'persist-led',
  'promote',
  'tell-peers',
  'set-own-label',
  'write-status',
];

test.each(interrupted.filter((_, index) => index % 2 === 1))(
  'the manager dies after "%s": the next one goes on from there',
  async (step) => {
    await using standby = await ElectedStandby.copyOf(origin.directory, epoch);
    expect(await standby.life((done) => done === step)).toBe('died');
    expect(await standby.life()).toBe('leads');
    await serves(standby);
  },
);

test.each(interrupted)(
  'the manager and PostgreSQL die after "%s": they come back as what they were to be',
  async (step) => {
    await using standby = await ElectedStandby.copyOf(origin.directory, epoch);
    expect(await standby.life((done) => done === step)).toBe('died');
    await standby.kill();
    expect(await standby.life()).toBe('leads');
    await serves(standby);
  },
);

test('PostgreSQL is killed at any moment of its promotion: it never comes up on another timeline', async () => {
  await using standby = await ElectedStandby.copyOf(origin.directory, epoch);
  for (let milliseconds = 0; milliseconds <= 40; milliseconds += 8) {
    await standby.life((done) => done === 'promote');
    await delay(milliseconds);
    await standby.kill();
    if ((await standby.life((done) => done === 'promote')) === 'leads') break;
  }
  expect(await standby.life()).toBe('leads');
  await serves(standby);
});

const pgWal = (standby: ElectedStandby, name: string): string => path.join(standby.data, 'pg_wal', name);
const real = (timeline: number): string => `1\t0/400000\tpromoted as ${timeline}\n`;

test('rule 24: real histories come from a peer and from the archive; the epochs that nobody knows are filled', async () => {
  await using standby = await ElectedStandby.copyOf(origin.directory, epoch);
  standby.world.peer = { 3: real(3), 4: '1\t0/400000\tepoch 4 not promoted\n' };
  standby.world.archive = {
    history: (timeline) => Promise.resolve(timeline === 2 ? real(2) : undefined),
    epoch: () => undefined,
  };
  expect(await standby.life()).toBe('leads');
  await serves(standby);
  const texts = [2, 3, 4].map((timeline) => readFile(pgWal(standby, `0000000${timeline}.history`), 'utf8'));
  const [two, three, four] = await Promise.all(texts);
  expect([two, three]).toEqual([real(2), real(3)]);
  expect(four).toContain('epoch 4 not promoted');
});

test('F10, F19: neither a silent peer nor an archive that is down holds up a promotion', async () => {
  await using standby = await ElectedStandby.copyOf(origin.directory, epoch);
  standby.world.peer = undefined;
  standby.world.archive = { history: () => new Promise(() => undefined), epoch: () => undefined };
  expect(await standby.life()).toBe('leads');
  await serves(standby);
});

test("rule 24: where somebody else has begun the epoch's timeline nobody is promoted", async () => {
  await using standby = await ElectedStandby.copyOf(origin.directory, epoch);
  await writeFile(pgWal(standby, '00000005.history'), real(5));
  await chmod(pgWal(standby, '00000005.history'), 0o644);
  expect(await standby.life(() => false, 5)).toBe('waits');
  expect(standby.world.steps).not.toContain('promote');
  expect(standby.world.currentPrimary).toBe('c-2');
});
