// What we make of a chain of incremental backups is what pg_combinebackup makes of it, byte by byte. The embedded engine has no such
// program: HOWDAH_PG_COMBINEBACKUP names one of PostgreSQL 18, else Debian's place for it is tried.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { readManifest } from '../../src/instance/backup/take.ts';
import { dataFiles, plainContent } from '../../src/instance/recovery/backup-data.ts';
import { readCatalog } from '../../src/instance/backup/catalog.ts';
import { chainOf } from '../../src/instance/backup/chain.ts';
import { fetchBackup } from '../../src/instance/recovery/fetch-backup.ts';
import { backUp } from '../../src/instance/recovery/testing-restore.ts';
import { archivingPostgres, silent, testArchive } from '../../src/instance/recovery/testing.ts';
import { extractTar } from '../../src/instance/replication/extract.ts';
import { ContentRecord } from '../../src/instance/replication/manifest-check.ts';
import { Staging } from '../../src/instance/replication/staging.ts';
import type { Archive } from '../../src/instance/wal/archive-source.ts';

const program = process.env['HOWDAH_PG_COMBINEBACKUP'] ?? '/usr/lib/postgresql/18/bin/pg_combinebackup';
const installed = existsSync(program);
if (!installed) process.stderr.write(`SKIPPED: there is no ${program}\n`);

const signal = AbortSignal.timeout(300_000);

/** A backup as it is stored, with its manifest. */
async function extracted(archive: Archive, id: string, directory: string): Promise<string> {
  await mkdir(directory);
  const written = { files: new Set<string>(), directories: new Set([directory]) };
  const record = new ContentRecord();
  for (const file of await dataFiles(archive, id, signal)) {
    const content = await plainContent(archive, file, signal);
    await extractTar(content, { directory, manifestPrefix: '', record, written, signal });
  }
  await writeFile(path.join(directory, 'backup_manifest'), (await readManifest(archive, id, signal)) ?? '');
  return directory;
}

/** What only one of both makes for its own purposes. */
const own = new Set(['backup_manifest', 'recovery.signal', '.check-empty-wal-archive']);

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return names
    .map((name) => path.relative(directory, name))
    .filter((name) => !own.has(name))
    .sort();
}

(installed ? test : test.skip)('a chain is what pg_combinebackup makes of it', async () => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwc-'));
  try {
    await using store = await testArchive();
    const archive = await store.open('one');
    const settings = { summarize_wal: 'on' };
    await using pg = await archivingPostgres(() => Promise.resolve(archive), { major: 18, settings });
    const { server } = pg;
    await server.query('CREATE TABLE t AS SELECT i, md5(i::text) AS v FROM generate_series(1, 100000) i');
    await server.query('CREATE TABLE gone AS SELECT generate_series(1, 10000) AS i');
    const ids = [await backUp(pg, archive)];
    for (let round = 1; round <= 4; round += 1) {
      await server.query(`UPDATE t SET v = md5(v) WHERE i % 4999 = ${round}`);
      await server.query(`DELETE FROM t WHERE i > ${100_000 - round * 10_000}`);
      await server.query('VACUUM t');
      await server.query(`CREATE TABLE new${round} AS SELECT generate_series(1, 5000) AS i`);
      if (round === 3) await server.query('DROP TABLE gone');
      if (round % 2 === 0) await server.query(`INSERT INTO t SELECT i, 'again' FROM generate_series(90001, 99000) i`);
      ids.push(await backUp(pg, archive, { asked: { incrementalFrom: 'latest' } }));
    }
    const apart: string[] = [];
    for (const id of ids) apart.push(await extracted(archive, id, path.join(root, id)));
    const theirs = path.join(root, 'theirs');
    const run = spawnSync(program, [...apart, '-o', theirs, '--no-sync'], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const catalog = await readCatalog(archive.store, archive.config.location, signal);
    const last = catalog.backups.at(-1);
    if (!last) throw new Error('there is no backup');
    const staging = await Staging.begin({ data: path.join(root, 'ours'), tablespaces: path.join(root, 'tablespaces') });
    if (staging === 'present') throw new Error('there is a data directory already');
    const chain = chainOf(catalog, last).members;
    expect(chain).toHaveLength(5);
    await fetchBackup({ archive, chain, staging, log: silent, signal });
    expect(await files(staging.directory)).toEqual(await files(theirs));
    for (const name of await files(theirs)) {
      const [one, other] = await Promise.all([staging.directory, theirs].map((at) => readFile(path.join(at, name))));
      if (!one?.equals(other ?? Buffer.alloc(0))) throw new Error(`"${name}" is not what pg_combinebackup makes`);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
