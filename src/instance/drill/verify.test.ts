import { open } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryPostgres } from '../../testing/postgres.ts';
import { verifyDatabases } from './verify.ts';

const signal = AbortSignal.timeout(120_000);

test('a whole database is found whole, and a damaged page is named with its database and table', async () => {
  await using server = await temporaryPostgres({ major: 18 });
  await server.query('CREATE TABLE "Odd name" AS SELECT i, md5(i::text) AS note FROM generate_series(1, 2000) i');
  await server.query('CREATE INDEX ON "Odd name" (note)');
  const whole = await verifyDatabases(server.connection(), signal);
  expect(whole).toMatchObject({ method: 'amcheck', dataChecksums: true, problems: [] });
  expect(whole.databases).toBeGreaterThanOrEqual(2);
  const [row] = await server.query<{ file: string }>(`SELECT pg_relation_filepath('"Odd name"') AS file`);
  await server.stop();
  const file = await open(path.join(server.dataDirectory, row?.file ?? ''), 'r+');
  await file.write(Buffer.alloc(64, 0xee), 0, 64, 8192 + 4000);
  await file.close();
  await server.start();
  const { problems } = await verifyDatabases(server.connection(), signal);
  expect(problems.join('\n')).toMatch(/database postgres: table public\."Odd name": .*invalid page in block 1/);
});
