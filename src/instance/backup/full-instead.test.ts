import { afterEach, expect, test } from '@jest/globals';
import { annotation } from '../../labels.ts';
import { readCatalog } from './catalog.ts';
import type { TemporaryPostgres } from '../../testing/postgres.ts';
import { archivingPostgres, testArchive } from '../recovery/testing.ts';
import type { RunBackup } from './run-backup.ts';
import { aKube, aRunner, aStandby, events, passOn, started, worker } from './testing-runner.ts';
import { backUpInWorker } from './worker-process.ts';

afterEach(() => void events.splice(0));

/** PostgreSQL summarizes WAL from checkpoint to checkpoint: without another one it would wait a minute for the summary's end. */
async function hasCheckpoint(standby: TemporaryPostgres, primary: TemporaryPostgres): Promise<void> {
  await primary.query('CHECKPOINT');
  const [end] = await primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  const replayed = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done';
  for (let done: unknown; done !== true; [{ done } = { done }] = await standby.query(replayed, [end?.lsn])) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await standby.query('CHECKPOINT');
}

test('a standby without WAL summaries of the time since the last backup takes a full one and says why', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const settings = { summarize_wal: 'on' };
  await using pg = await archivingPostgres(() => Promise.resolve(archive), { major: 18, settings });
  const signal = AbortSignal.timeout(80_000);
  /** One backup, taken by the standby, or by the primary. */
  const take = async (standby: typeof pg.server | undefined, from: string) => {
    const wanted = started(standby ? 'c-2' : 'c-1');
    wanted.metadata = { ...wanted.metadata, annotations: { [annotation.incrementalFrom]: from } };
    const api = aKube(wanted);
    const primary = aRunner(api.kube, pg.server, archive, 'c-1', true);
    const perform = (run: RunBackup) => backUpInWorker(worker, run);
    const first = standby ? aRunner(api.kube, standby, archive, 'c-2', false, perform) : primary;
    await passOn(first, primary, api.backup, signal);
    const { backups } = await readCatalog(archive.store, archive.config.location, signal);
    return { status: api.backup().status ?? {}, parent: backups.at(-1)?.info.parentBackupId };
  };

  const { status: first } = await take(undefined, 'latest');
  await pg.server.query('CREATE TABLE t AS SELECT generate_series(1, 1000) AS i');
  await pg.switchAndWait();
  await pg.server.query('CHECKPOINT');
  await using standby = await aStandby(pg.server, settings);
  await hasCheckpoint(standby, pg.server);
  events.splice(0);

  // Only this one will do, so there is none.
  const refused = await take(standby, first.backupId ?? '');
  expect(refused.status).toMatchObject({ phase: 'failed', error: expect.stringMatching(/WAL summaries|timeline/) });
  expect(events.splice(0)).toEqual(['Backup b: Starting', 'Backup b: Failed']);

  const full = await take(standby, 'latest');
  expect(full.status).toMatchObject({
    phase: 'completed',
    commandOutput: expect.stringContaining(`this instance cannot go on from backup ${first.backupId}: WAL summaries`),
  });
  expect(full.parent).toBeUndefined();
  expect(events.splice(0)).toEqual(['Backup b: Starting', 'Backup b: FullBackup', 'Backup b: Completed']);

  await hasCheckpoint(standby, pg.server);
  const next = await take(standby, 'latest');
  expect(next.status).toMatchObject({ phase: 'completed' });
  expect(next.status.commandOutput).toBeUndefined();
  expect(next.parent).toBe(full.status.backupId);
});
