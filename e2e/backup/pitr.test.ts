// Point-in-time recovery to random moments of a random workload, over several timelines, one of which was left behind with commits
// of its own. The source and the restored servers run beside the test, without a Cluster around each: a restore of a whole
// Cluster is in e2e/restore.test.ts, and is this same code in a Job.
import { randomInt } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { testArchive } from '../../src/instance/recovery/testing.ts';
import { aRestore } from '../../src/instance/recovery/testing-restore.ts';
import { type Major, temporaryPostgres } from '../../src/testing/postgres.ts';
import { type Moment, hashes, recordHistory, targetOf } from './support/history.ts';
import { seeded } from './support/random.ts';

/** Of each major version; 24 together. */
const targets = 8;

const pick = <T>(items: readonly T[], next: () => number): T => items[Math.floor(next() * items.length)] as T;

/** At least one of each timeline, the rest at random. */
function chosen(moments: readonly Moment[], next: () => number): Moment[] {
  const timelines = [...new Set(moments.map(({ timeline, lost }) => `${timeline} ${lost}`))];
  const each = timelines.map((of) =>
    pick(
      moments.filter(({ timeline, lost }) => `${timeline} ${lost}` === of),
      next,
    ),
  );
  while (each.length < targets) each.push(pick(moments, next));
  return each;
}

test.each<Major>([15, 17, 18])('PostgreSQL %i comes back at random moments over its timelines', async (major) => {
  const seed = Number(process.env['HOWDAH_SEED'] ?? randomInt(1 << 30));
  process.stdout.write(`PITR of PostgreSQL ${major}: HOWDAH_SEED=${seed}\n`);
  const next = seeded(seed);
  await using archive = await testArchive();
  const origin = await archive.open('one', {
    data: { compression: next() < 0.5 ? 'gzip' : 'lz4', attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  const moments = await recordHistory(origin, { major, next });
  const all = chosen(moments, next);
  expect(new Set(moments.map(({ timeline }) => timeline)).size).toBeGreaterThanOrEqual(3);
  expect(all.filter(({ lost }) => lost).length).toBeGreaterThanOrEqual(1);
  for (const moment of all) {
    const target = targetOf(moment, next);
    await using restore = await aRestore({ major, origin, target });
    const told = `${JSON.stringify(target)} of timeline ${moment.timeline}`;
    await restore.run().catch((cause: unknown) => {
      throw new Error(`recovery to ${told} failed`, { cause });
    });
    const settings = { archive_mode: 'off' };
    await using server = await temporaryPostgres({ major, dataDirectory: restore.data, settings });
    expect({ told, hashes: await hashes(server) }).toEqual({ told, hashes: moment.hashes });
  }
});
