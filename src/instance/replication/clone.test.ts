import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import pino from 'pino';
import { type Major, type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import { clone } from './clone.ts';
import type { DataPlace } from './staging.ts';

const log = pino({ level: 'silent' });
const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function aPlace(): Promise<DataPlace & { root: string }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwc-'));
  directories.push(root);
  return { root, data: `${root}/data`, wal: `${root}/wal/pg_wal`, tablespaces: `${root}/tablespaces` };
}

const options = (signal: AbortSignal = AbortSignal.timeout(60_000)) => ({ label: 'test', log, signal });
const origin = (server: TemporaryPostgres) => ({ host: server.socketDirectory, port: server.port, user: 'postgres' });

function chownFor(server: TemporaryPostgres, root: string): void {
  const user = server.installation.user;
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, root]);
}

test.each<Major>([15, 18])('a clone of PostgreSQL %i streams from its origin and has its rows', async (major) => {
  await using primary = await temporaryPostgres({ major, settings: { wal_level: 'replica' } });
  await primary.query('CREATE TABLE t AS SELECT i, repeat(md5(i::text), 8) AS x FROM generate_series(1, 50000) i');
  await writeFile(path.join(primary.dataDirectory, '.check-empty-wal-archive'), '');
  chownFor(primary, primary.dataDirectory);
  await primary.query("SELECT pg_create_physical_replication_slot('s', true)");
  const place = await aPlace();
  await expect(clone(origin(primary), place, options())).resolves.toBe(true);
  await primary.query('INSERT INTO t SELECT i, NULL FROM generate_series(1, 10) i');

  expect(await readlink(`${place.data}/pg_wal`)).toBe(place.wal);
  expect(await readdir(place.data)).not.toContain('.check-empty-wal-archive');
  expect((await stat(place.data)).mode & 0o777).toBe(0o700);
  expect((await stat(`${place.data}/PG_VERSION`)).mode & 0o777).toBe(0o600);
  expect(await readdir(place.root)).toEqual(expect.not.arrayContaining(['data.staging']));
  chownFor(primary, place.root);
  await using standby = await temporaryPostgres({
    major,
    dataDirectory: place.data,
    settings: { primary_conninfo: `host=${primary.socketDirectory} user=postgres`, primary_slot_name: 's' },
  });
  const count = async (): Promise<unknown> => (await standby.query('SELECT count(*)::int AS n FROM t'))[0]?.['n'];
  for (let tries = 0; (await count()) !== 50010 && tries < 100; tries += 1) await new Promise((r) => setTimeout(r, 50));
  expect(await count()).toBe(50010);
  await expect(clone(origin(primary), place, options())).resolves.toBe(false);
});

test('a clone that is cut off leaves PGDATA absent, and the next one succeeds', async () => {
  await using primary = await temporaryPostgres({ major: 18 });
  await primary.query('CREATE TABLE t AS SELECT i, repeat(md5(i::text), 8) AS x FROM generate_series(1, 200000) i');
  const place = await aPlace();
  const cut = new AbortController();
  const first = clone(origin(primary), place, options(cut.signal));
  void (async () => {
    while (!(await readdir(`${place.data}.staging/base`).catch(() => [])).length)
      await new Promise((r) => setTimeout(r, 1));
    cut.abort(new Error('cut off'));
  })();
  await expect(first).rejects.toThrow('cut off');
  await expect(stat(place.data)).rejects.toThrow('ENOENT');
  // As after a crash between the two moves of a publication.
  await mkdir(place.wal ?? '', { recursive: true });
  await writeFile(`${place.wal}/000000010000000000000001`, 'leftover');
  await expect(clone(origin(primary), place, options())).resolves.toBe(true);
  expect(await readdir(place.wal ?? '')).not.toContain('000000010000000000000001');
  const [senders] = await primary.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'walsender'",
  );
  expect(senders?.['n']).toBe(0);
});

test('what is not a database is never written over', async () => {
  await using primary = await temporaryPostgres({ major: 18 });
  const place = await aPlace();
  await mkdir(place.data);
  await writeFile(`${place.data}/precious`, 'x');
  await expect(clone(origin(primary), place, options())).rejects.toThrow('refusing to write there');
  expect(await readFile(`${place.data}/precious`, 'utf8')).toBe('x');
  await rm(place.data, { recursive: true });
  await mkdir(place.wal ?? '', { recursive: true });
  await writeFile(`${place.wal}/precious`, 'x');
  await expect(clone(origin(primary), place, options())).rejects.toThrow('refusing to write there');
  expect(await readFile(`${place.wal}/precious`, 'utf8')).toBe('x');
});

test('a server that cannot be reached is named in words', async () => {
  const place = await aPlace();
  await expect(clone({ host: '127.0.0.1', port: 1, user: 'x' }, place, options())).rejects.toThrow('127.0.0.1:1');
});
