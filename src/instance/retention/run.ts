import type { Logger } from 'pino';
import { backupDirectory, backupInfoKey } from '../../objectstore/layout.ts';
import { type RetentionPlan, planRetention } from '../../objectstore/retention/plan.ts';
import type { RetentionPolicy } from '../../objectstore/retention/policy.ts';
import { formatLsn, parseLsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { removeObjects } from '../backup/run-backup.ts';
import type { Archive } from '../wal/archive-source.ts';
import { type RetentionCatalog, readRetentionCatalog } from './catalog.ts';
import { expireWal } from './expire-wal.ts';
import { heldBackups } from '../holds/holds.ts';
import { readJournal, writeJournal } from '../holds/journal.ts';

export interface RetentionRun {
  readonly archive: Archive;
  readonly systemIdentifier: string;
  readonly policy: RetentionPolicy;
  readonly dryRun: boolean;
  /** The history that the primary is on. */
  readonly history: TimelineHistory;
  /** Ids of backups that are being taken; one that has none yet goes by the name of its object. */
  readonly active: ReadonlySet<string>;
  /** Removes the Backup objects of backups whose data is gone. */
  readonly forget: (ids: readonly string[]) => Promise<void>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface RetentionReport {
  readonly plan: RetentionPlan;
  /** Ids of backups that were removed, or without `dryRun` would have been. */
  readonly removed: readonly string[];
  readonly walRemoved: number;
  /** When the oldest backup that is left ended. */
  readonly firstRecoverabilityPoint: Date | undefined;
}

async function survey(run: RetentionRun, now: Date): Promise<{ catalog: RetentionCatalog; plan: RetentionPlan }> {
  const { archive, systemIdentifier, active, signal, policy, history } = run;
  const catalog = await readRetentionCatalog({ archive, systemIdentifier, active, now, signal });
  const starting = [...active].map((id) => ({ id, reason: 'it is being taken' }));
  const held = await heldBackups(archive, now, signal);
  const { backups } = catalog;
  const plan = planRetention({ policy, now, backups, others: [...catalog.others, ...starting], history, held });
  return { catalog, plan };
}

const report = (catalog: RetentionCatalog, plan: RetentionPlan, removed: readonly string[], walRemoved: number) => {
  const kept = catalog.backups.filter(({ id }) => plan.keep.has(id)).map(({ ended }) => ended.getTime());
  const first = kept.length === 0 ? undefined : new Date(Math.min(...kept));
  return { plan, removed, walRemoved, firstRecoverabilityPoint: first };
};

/** backup.info goes first: without it there is no backup to begin a restore from. */
async function removeBackup({ archive, log, signal }: RetentionRun, id: string): Promise<void> {
  const { location } = archive.config;
  await archive.store.delete([backupInfoKey(location, id)], { signal });
  await removeObjects(archive, id, signal);
  log.info({ backupId: id, directory: backupDirectory(location, id) }, 'Backup removed: the retention policy is over');
}

/**
 * Looks once at what the policy no longer keeps, and removes it. The intent is written to the archive before anything is deleted;
 * WAL goes a run later than it could, so that a backup that was just beginning is known by then.
 */
export async function runRetention(run: RetentionRun): Promise<RetentionReport> {
  const { archive, dryRun, forget, signal } = run;
  const before = await readJournal(archive, signal);
  if (dryRun) {
    const { catalog, plan } = await survey(run, new Date());
    return report(catalog, plan, plan.remove, 0);
  }
  // By the store's clock, as are the times of the holds.
  const now = await writeJournal(archive, before, signal);
  const first = await survey(run, now);
  const complete = new Set(first.catalog.backups.map(({ id }) => id));
  const left = before.removing.filter((id) => !complete.has(id));
  const removing = [...left, ...first.plan.remove];
  const walBefore = first.plan.walBefore === undefined ? undefined : formatLsn(first.plan.walBefore);
  await writeJournal(archive, { removing, walBefore: before.walBefore }, signal);
  const { catalog, plan } = await survey(run, now);
  const unwanted = new Set(plan.remove);
  if (first.plan.remove.some((id) => !unwanted.has(id))) {
    // A restore came between: it has seen what we meant to do, and we begin anew another time.
    await writeJournal(archive, { removing: left, walBefore: before.walBefore }, signal);
    return report(catalog, plan, [], 0);
  }
  for (const id of removing) await removeBackup(run, id);
  let walRemoved = 0;
  if (before.walBefore !== undefined && plan.walBefore !== undefined) {
    const earlier = parseLsn(before.walBefore);
    const limit = earlier < plan.walBefore ? earlier : plan.walBefore;
    walRemoved = await expireWal(archive, limit, catalog.segmentSize, signal);
  }
  if (removing.length > 0) await forget(removing);
  await writeJournal(archive, { removing: [], walBefore }, signal);
  return report(catalog, plan, removing, walRemoved);
}
