import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { temporaryPostgres, type Major } from './postgres.ts';

test.each<Major>([15, 16, 17, 18])('a temporary PostgreSQL %i answers, and is gone afterwards', async (major) => {
  let directory = '';
  let pid = 0;
  {
    await using server = await temporaryPostgres({ major });
    ({ directory, pid } = server);
    const [row] = await server.query<{ v: string }>("SELECT current_setting('server_version_num') AS v");
    expect(Math.floor(Number(row?.v) / 10000)).toBe(major);
  }
  expect(existsSync(directory)).toBe(false);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
