import { chown, mkdir, readFile, readdir, lstat, lchown } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { EncryptionError } from '../../objectstore/codec/key-ring.ts';
import { parseControlData } from '../../postgres/control-data.ts';
import { type TimelineHistory, parseHistory } from '../../postgres/timeline.ts';
import { holdBackup } from '../holds/holds.ts';
import { type DataPlace, Staging } from '../replication/staging.ts';
import { mountedTablespaces, prepareTablespaces, volumeOf } from '../postmaster/tablespaces.ts';
import { type Archive, encryptionField } from '../wal/archive-source.ts';
import { type Application, ensureApplication } from './application.ts';
import { archivedRange } from './archive-gap.ts';
import type { CatalogEntry } from '../backup/catalog.ts';
import { fetchBackup } from './fetch-backup.ts';
import { readPlan, recoveryLogFile, removePlan } from './plan.ts';
import { readRecoveryLog } from './recovery-log.ts';
import { type Resolved, beginOf, resolve } from './resolve.ts';
import { RecoveryServer } from './server.ts';
import { RecoveryRequestError, type RecoveryTarget, targetSettings } from './target.ts';
import { RecoveryTargetError, explainFailure, verifyEnd } from './verify.ts';

export interface RecoverOptions {
  /** Where the backup and the WAL come from. */
  readonly origin: Archive;
  /** The new cluster's own archive, when it has one: it must be empty. */
  readonly destination?: Archive | undefined;
  /** Annotation cnpg.io/skipEmptyWalArchiveCheck. */
  readonly skipEmptyCheck: boolean;
  readonly target: RecoveryTarget;
  readonly place: DataPlace;
  /** Beside PGDATA, kept over restarts. */
  readonly state: string;
  /** For the socket; private. */
  readonly directory: string;
  /** `postgres` of a major version. */
  readonly program: (major: number) => Promise<string>;
  /** Who PostgreSQL runs as, when it is somebody else than us. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** restore_command; what it asks must be a Restorer on `origin` whose failures stop PostgreSQL. */
  readonly restoreCommand: string;
  /** Of the new cluster; sizes that recovery needs are raised to those of the origin. */
  readonly settings: Readonly<Record<string, string>>;
  readonly application?: Application | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface Recovered {
  readonly backupId: string;
  /** The new timeline. */
  readonly timeline: number;
  readonly lastTransaction: Date | undefined;
}

const sizes = [
  ['max_connections', 'maxConnections', 100],
  ['max_worker_processes', 'maxWorkerProcesses', 8],
  ['max_wal_senders', 'maxWalSenders', 10],
  ['max_prepared_transactions', 'maxPreparedTransactions', 0],
  ['max_locks_per_transaction', 'maxLocksPerTransaction', 64],
] as const;

/** As initdb scales them: PostgreSQL does not start with its own defaults when segments are large. */
const walSizes = (segmentSize: number): Record<string, string> => ({
  min_wal_size: `${5 * (segmentSize >> 20)}MB`,
  max_wal_size: `${64 * (segmentSize >> 20)}MB`,
});

async function recoverySettings(
  options: RecoverOptions,
  timeline: Resolved['timeline'],
): Promise<Record<string, string>> {
  const control = parseControlData(await readFile(path.join(options.place.data, 'global/pg_control')));
  const raised = sizes.map(([name, key, usual]): [string, string] => [
    name,
    String(Math.max(control[key], Number(options.settings[name] ?? usual))),
  ]);
  return {
    ...options.settings,
    ...Object.fromEntries(raised),
    ...walSizes(control.walSegmentSize),
    ...targetSettings({ ...options.target, timeline }),
    restore_command: options.restoreCommand,
    // Nothing is archived yet; what is to be archived stays marked for the new cluster's first start.
    archive_mode: 'on',
    archive_command: '',
    archive_library: '',
    hot_standby: 'off',
    primary_conninfo: '',
    primary_slot_name: '',
    recovery_end_command: '',
    archive_cleanup_command: '',
    recovery_min_apply_delay: '0',
    synchronous_standby_names: '',
  };
}

/** As root, everything PostgreSQL works on is handed over to its user. */
async function handOver(place: string, user: { uid: number; gid: number }): Promise<void> {
  await lchown(place, user.uid, user.gid);
  if (!(await lstat(place)).isDirectory()) return;
  for (const name of await readdir(place)) await handOver(path.join(place, name), user);
}

async function replay(options: RecoverOptions, resolved: Resolved): Promise<Recovered> {
  const { chain, timeline, history } = resolved;
  const entry = chain.at(-1) as CatalogEntry;
  const { place, state, origin, target, signal, log } = options;
  const { user } = options;
  await prepareTablespaces(place.data, place.tablespaces);
  if (user)
    for (const one of [place.data, place.wal, place.tablespaces]) {
      if (one !== undefined) await handOver(one, user).catch(ignoreMissing);
    }
  await mkdir(state, { recursive: true, mode: 0o700 });
  const { directory } = options;
  const major = Number((await readFile(path.join(place.data, 'PG_VERSION'), 'utf8')).trim());
  const program = await options.program(major);
  const settings = await recoverySettings(options, timeline);
  const server = await RecoveryServer.start({
    ...{ program, directory, settings, data: place.data, logFile: recoveryLogFile(state) },
    ...(user && { user }),
  });
  await using running = server;
  const done = await running.outOfRecovery(signal);
  const text = await running.log();
  const said = readRecoveryLog(text);
  const segmentSize = entry.info.walSegmentSize ?? 16 << 20;
  const archived = await archivedRange(origin, { history, first: beginOf(entry), segmentSize }, signal);
  if (!done) throw explainFailure(target, said, text, archived);
  const newest = await newestHistory(place.data);
  const end = newest?.switches.at(-1);
  if (!newest || !end) throw new RecoveryTargetError('recovery ended without a new timeline');
  verifyEnd(target, said, { lsn: end.end, segmentSize }, { newest: resolved.newest, gap: archived.gap });
  if (options.application) await ensureApplication(running.connection(), options.application);
  log.info(
    { timeline: newest.timeline, stopped: said.stopping, lastTransaction: said.lastTransaction },
    'Recovered and verified',
  );
  await running.stop();
  return { backupId: entry.id, timeline: newest.timeline, lastTransaction: said.lastTransaction };
}

async function newestHistory(data: string): Promise<TimelineHistory | undefined> {
  const names = (await readdir(path.join(data, 'pg_wal'))).filter((name) => /^[0-9A-F]{8}\.history$/.test(name)).sort();
  const name = names.at(-1);
  if (name === undefined) return undefined;
  return parseHistory(Number.parseInt(name.slice(0, 8), 16), await readFile(path.join(data, 'pg_wal', name), 'utf8'));
}

const ignoreMissing = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error;
};

/** Before anything is downloaded: what the backup has on volumes of their own needs such volumes here. */
async function refuseWithoutVolumes({ info }: CatalogEntry, tablespaces: string): Promise<void> {
  const mounted = await mountedTablespaces(tablespaces);
  const missing = (info.tablespaces ?? [])
    .map(({ name, location }) => volumeOf(location) ?? name)
    .filter((name) => !mounted.includes(name));
  if (missing.length === 0) return;
  const listed = missing.map((name) => `"${name}"`).join(', ');
  throw new RecoveryRequestError(
    `spec.tablespaces: must name ${listed}: the backup has them, and each needs a volume of its own`,
  );
}

/**
 * Restores a backup, replays WAL to the target, verifies that the target was met, and leaves a data directory that was shut down
 * in good order on a timeline of its own. May be run again after it died anywhere. Resolves to 'present' when there was a
 * database already that no recovery is under way for.
 */
export async function recover(options: RecoverOptions): Promise<Recovered | 'present'> {
  try {
    return await recoverOnce(options);
  } catch (error) {
    if (!(error instanceof EncryptionError)) throw error;
    throw new Error(`${encryptionField}: ${error.message}`, { cause: error });
  }
}

async function recoverOnce(options: RecoverOptions): Promise<Recovered | 'present'> {
  const staging = await Staging.begin(options.place);
  if (staging === 'present' && !(await readPlan(options.state))) return 'present';
  const resolved = await resolve(options);
  const { chain } = resolved;
  const entry = chain.at(-1) as CatalogEntry;
  await using _hold = await holdBackup(options.origin, entry.id, options.log, options.signal);
  if (staging !== 'present') {
    await refuseWithoutVolumes(entry, options.place.tablespaces);
    const { origin: archive, log, signal } = options;
    await fetchBackup({ archive, chain, staging, log, signal });
    await staging.publish();
    log.info({ backupId: entry.id }, 'Backup downloaded');
  }
  if (options.user) await chown(path.dirname(options.place.data), options.user.uid, options.user.gid);
  const result = await replay(options, resolved);
  await removePlan(options.state);
  return result;
}
