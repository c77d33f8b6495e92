import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { mount } from '../../paths.ts';
import { temporaryPostgres } from '../../testing/postgres.ts';
import { extentRequest } from '../backup/extent.ts';
import { aRestore, backUp } from './testing-restore.ts';
import { archivingPostgres, testArchive } from './testing.ts';

const digest = "SELECT count(*)::int AS n, md5(string_agg(i::text, ',' ORDER BY i)) AS h FROM";

test('tablespaces in a chain of backups come back on their volumes; without a volume nothing is downloaded', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one', {
    data: { compression: 'zstd', attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  const root = await mkdtemp(path.join(os.tmpdir(), 'hts-'));
  try {
    await using pg = await archivingPostgres(() => Promise.resolve(origin), {
      major: 18,
      settings: { summarize_wal: 'on' },
    });
    const make = async (name: string): Promise<void> => {
      const location = `${root}${mount.tablespaces}/${name}/data`;
      await mkdir(location, { recursive: true });
      const { user } = pg.server.installation;
      if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, root]);
      await pg.server.query(`CREATE TABLESPACE "${name}" LOCATION '${location}'`);
    };
    await make('fast');
    await pg.server.query('CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 50000) AS i');
    await backUp(pg, origin);
    await pg.server.query('INSERT INTO t SELECT generate_series(50001, 60000)');
    await make('Late_One');
    await pg.server.query('CREATE TABLE late TABLESPACE "Late_One" AS SELECT generate_series(1, 1000) AS i');
    const asked = extentRequest({ 'howdah.dev/incremental-from': 'latest' });
    const id = await backUp(pg, origin, { asked });
    await pg.server.query('INSERT INTO late VALUES (0)');
    const expected = [await pg.server.query(`${digest} t`), await pg.server.query(`${digest} late`)];
    await pg.switchAndWait();

    await using bare = await aRestore({ major: 18, origin, target: { backupID: id } });
    await mkdir(`${bare.root}/tablespaces/fast`);
    await expect(bare.run()).rejects.toThrow('spec.tablespaces: must name "Late_One"');
    expect(await readdir(`${bare.root}/data/pgdata.staging`)).toEqual([]);

    await using restore = await aRestore({ major: 18, origin, target: { backupID: id } });
    for (const name of ['fast', 'Late_One']) await mkdir(`${restore.root}/tablespaces/${name}`);
    expect(await restore.run()).toMatchObject({ timeline: 2 });
    await using server = await temporaryPostgres({
      major: 18,
      dataDirectory: restore.data,
      settings: { archive_mode: 'off' },
    });
    expect([await server.query(`${digest} t`), await server.query(`${digest} late`)]).toEqual(expected);
    const where = await server.query<{ at: string }>(
      'SELECT pg_tablespace_location(oid) AS at FROM pg_tablespace WHERE oid > 16383 ORDER BY spcname',
    );
    expect(where.map(({ at }) => at)).toEqual(
      ['Late_One', 'fast'].map((name) => `${restore.root}/tablespaces/${name}/data`),
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}, 240_000);
