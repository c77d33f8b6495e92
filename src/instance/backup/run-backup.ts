import type pg from 'pg';
import type { Logger } from 'pino';
import { readBackupInfo } from '../../objectstore/backup-info-object.ts';
import { backupDirectory, backupId } from '../../objectstore/layout.ts';
import { parseBackupManifest } from '../../postgres/backup-manifest.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { holdBackup } from '../holds/holds.ts';
import type { ServerAddress } from '../replication/connection.ts';
import type { Archive } from '../wal/archive-source.ts';
import { neededSegments, waitForSegments } from './needed-wal.ts';
import { type BackupStatus, kubeTime } from './objects.ts';
import { type ExtentRequest, resolveExtent } from './extent.ts';
import { readManifest, takeBackup, writeInfo } from './take.ts';

export interface RunBackup {
  readonly archive: Archive;
  /** Name of the Backup object. */
  readonly name: string;
  /** Its status as it is now; a backup whose data is stored already is only brought to its end. */
  readonly status: BackupStatus;
  readonly sql: pg.ClientConfig;
  readonly replication: ServerAddress;
  readonly asked: ExtentRequest;
  /** Writes a step to the Backup before the next one begins. */
  readonly write: (status: BackupStatus) => Promise<void>;
  /** How long the archive may take for the last segments, milliseconds. */
  readonly walPatience: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** An id of its own, also for two backups within a second. */
async function freeId({ archive, signal }: RunBackup): Promise<string> {
  for (let when = Date.now(); ; when += 1000) {
    const id = backupId(new Date(when));
    let used = false;
    for await (const _entry of archive.store.list(backupDirectory(archive.config.location, id), { signal })) {
      used = true;
      break;
    }
    if (!used) return id;
  }
}

/** Removes what an attempt has stored, also parts of an upload that it did not come to end. */
export async function removeObjects(archive: Archive, id: string, signal: AbortSignal): Promise<void> {
  await archive.store.abortUploads(backupDirectory(archive.config.location, id), { signal });
  const keys: string[] = [];
  for await (const entry of archive.store.list(backupDirectory(archive.config.location, id), { signal })) {
    if (entry.kind === 'object') keys.push(entry.key);
  }
  if (keys.length > 0) await archive.store.delete(keys, { signal });
}

const cleanUpTimeout = 60_000;

async function store(run: RunBackup): Promise<string> {
  const { archive, name, sql, replication, log, signal } = run;
  const extent = await resolveExtent(run);
  // Until backup.info names the parent, retention knows of it by this.
  await using _hold = extent.parent && (await holdBackup(archive, extent.parent.id, log, signal));
  const id = await freeId(run);
  const stamp = id.replace('T', '');
  await run.write({ phase: 'running', backupId: id, backupName: `backup-${stamp}`, startedAt: kubeTime(new Date()) });
  try {
    const { info, full } = await takeBackup({
      archive,
      id,
      name: `backup-${stamp}`,
      sql,
      replication,
      extent,
      log,
      signal,
    });
    await run.write({
      beginWal: info.beginWal ?? '',
      endWal: info.endWal ?? '',
      beginLSN: info.beginXlog ?? '',
      endLSN: info.endXlog ?? '',
      majorVersion: Math.floor((info.version ?? 0) / 10_000),
      ...(full !== undefined && { commandOutput: full }),
    });
    return id;
  } catch (error) {
    // Half a backup is of no use to anyone and would be paid for.
    const cleanUp = AbortSignal.timeout(cleanUpTimeout);
    await removeObjects(archive, id, cleanUp).catch((err: unknown) =>
      log.warn({ err, backupId: id, backup: name }, 'Objects of the failed backup could not be removed'),
    );
    throw error;
  }
}

/**
 * Takes a backup, or brings one to its end whose data is stored. It is `completed` only when the archive holds every segment that
 * it needs. Each step is written to the Backup before the next, so a manager that dies leaves a state to go on from.
 */
export async function runBackup(run: RunBackup): Promise<{ id: string; stoppedAt: Date }> {
  const { archive, status, signal, log } = run;
  const id = status.endLSN !== undefined && status.backupId !== undefined ? status.backupId : await store(run);
  const info = await readBackupInfo(archive.store, archive.config.location, id, signal);
  if (!info) throw new Error(`backup.info of backup ${id} is missing`);
  const stored = await readManifest(archive, id, signal);
  if (!stored) throw new Error(`the manifest of backup ${id} is missing`);
  const manifest = parseBackupManifest(stored);
  const segmentSize = info.walSegmentSize ?? 16 << 20;
  const names = neededSegments(manifest.walRanges, segmentSize);
  const end = parseLsn(info.endXlog ?? '0/0');
  log.info({ backupId: id, segments: names.length }, 'Waiting until the archive holds the WAL of the backup');
  await waitForSegments(archive, { names, end, segmentSize }, { patience: run.walPatience, signal });
  await writeInfo(archive, id, { ...info, status: 'DONE' }, signal);
  const stoppedAt = info.endTime ?? new Date();
  await run.write({ phase: 'completed', stoppedAt: kubeTime(stoppedAt) });
  return { id, stoppedAt };
}
