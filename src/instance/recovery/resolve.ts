import type { Logger } from 'pino';
import { formatLsn, parseLsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { historyName, parseWalName, segmentName, segmentNumberBefore, segmentOf } from '../../postgres/wal-name.ts';
import { endTimeline } from '../../objectstore/backup-info.ts';
import type { Archive } from '../wal/archive-source.ts';
import { readHistory } from '../wal/archived-timelines.ts';
import { emptyArchiveError, isArchiveEmpty } from '../wal/ownership.ts';
import { findWal } from '../wal/wal-objects.ts';
import { archivedRange } from './archive-gap.ts';
import { type Catalog, type CatalogEntry, readCatalog } from '../backup/catalog.ts';
import { chainOf } from '../backup/chain.ts';
import { checkKeys } from './check-keys.ts';
import { askedBackup, chooseBackup } from './choose.ts';
import { readPlan, writePlan } from './plan.ts';
import { type RecoveryTarget, RecoveryRequestError, describeGoal, fieldOf } from './target.ts';
import { findHistory } from './timelines.ts';

export interface ResolveOptions {
  readonly origin: Archive;
  readonly destination?: Archive | undefined;
  readonly skipEmptyCheck: boolean;
  readonly target: RecoveryTarget;
  readonly state: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What is restored, found out once and written down. */
export interface Resolved {
  /** The full backup and the incremental ones on it; the last is the one that recovery begins with. */
  readonly chain: readonly CatalogEntry[];
  /** That recovery follows: a number also where the newest was asked for, which may be another one tomorrow. */
  readonly timeline: number | 'current';
  readonly history: TimelineHistory;
  /** The newest segment that the archive held then, when all of it was asked for. */
  readonly newest: string | undefined;
}

const defaultSegmentSize = 16 << 20;
/** Clocks differ. */
const tolerance = 60_000;

function wholeChain(catalog: Catalog, entry: CatalogEntry): readonly CatalogEntry[] {
  const { members, missing } = chainOf(catalog, entry);
  if (missing === undefined) return members;
  throw new RecoveryRequestError(
    `backup ${entry.id} holds only the changes since backup ${missing}, which the archive does not hold`,
  );
}

/** The number of the segment in which a backup begins. */
export function beginOf({ info }: CatalogEntry): bigint {
  const file = parseWalName(info.beginWal ?? '');
  return file?.kind === 'segment' ? segmentOf(file, info.walSegmentSize ?? defaultSegmentSize) : 0n;
}

/** Throws for a target that cannot be reached, as far as that can be known before anything is downloaded. */
async function checkReach(
  { origin, target, signal }: ResolveOptions,
  entry: CatalogEntry,
  history: TimelineHistory,
): Promise<void> {
  const { goal } = target;
  if (goal.kind === 'time' && goal.time.getTime() > Date.now() + tolerance) {
    throw new RecoveryRequestError(`${fieldOf('targetTime')}: ${goal.text} is a time that has not come yet`);
  }
  if (goal.kind !== 'lsn') return;
  const { endXlog, walSegmentSize: size = defaultSegmentSize } = entry.info;
  if (endXlog !== undefined && goal.lsn < parseLsn(endXlog)) {
    throw new RecoveryRequestError(
      `${fieldOf('targetLSN')}: ${formatLsn(goal.lsn)} comes before ${endXlog}, where backup ${entry.id} ends`,
    );
  }
  const start = history.switches.at(-1)?.end;
  const { newest } = await archivedRange(origin, { history, first: beginOf(entry), segmentSize: size }, signal);
  const wanted = segmentName(history.timeline, segmentNumberBefore(goal.lsn, size), size);
  if (start !== undefined && goal.lsn <= start) return;
  if (newest !== undefined && newest.slice(8) >= wanted.slice(8)) return;
  // The last segment of a timeline that was left in the middle of it; recovery finds out how far it goes.
  if (await findWal(origin, `${wanted}.partial`, signal)) return;
  throw new RecoveryRequestError(
    `${fieldOf('targetLSN')}: ${formatLsn(goal.lsn)} lies in WAL segment ${wanted}, which the archive does not hold; ` +
      `the newest of timeline ${history.timeline} is ${newest ?? 'none'}`,
  );
}

/** Names under which the archive may hold a segment: that with a fork in it is archived under the newer timeline's. */
export function namesOnHistory(name: string, history: TimelineHistory): string[] {
  const file = parseWalName(name);
  const timelines = [...history.switches.map(({ timeline }) => timeline), history.timeline];
  const later = timelines.filter((timeline) => file !== undefined && timeline > file.timeline);
  return [name, ...later.map((timeline) => historyName(timeline).slice(0, 8) + name.slice(8))];
}

async function checkBegin({ origin, signal }: ResolveOptions, { id, info }: CatalogEntry, history: TimelineHistory) {
  if (info.beginWal === undefined) return;
  for (const name of namesOnHistory(info.beginWal, history)) if (await findWal(origin, name, signal)) return;
  throw new Error(`WAL segment ${info.beginWal}, where backup ${id} begins, is missing in the archive`);
}

/** Decides what to restore, or reads what an earlier run has decided. Throws before anything is written. */
export async function resolve(options: ResolveOptions): Promise<Resolved> {
  const { origin, destination, target, state, signal, log } = options;
  const asked = JSON.parse(
    JSON.stringify(target, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
  ) as unknown;
  const catalog = await readCatalog(origin.store, origin.config.location, signal);
  const plan = await readPlan(state);
  if (plan && JSON.stringify(plan.target) === JSON.stringify(asked)) {
    const { backupId, timeline, newest } = plan;
    log.info({ backupId, timeline }, 'Going on with the recovery that was begun');
    const entry = chooseBackup(catalog, { ...target, backupId }, undefined);
    const history = timeline === 'current' ? undefined : await readHistory(origin, timeline, signal);
    const own = { timeline: endTimeline(entry.info), switches: [] };
    return { chain: wholeChain(catalog, entry), timeline, history: history ?? own, newest };
  }
  if (destination && !options.skipEmptyCheck && !(await isArchiveEmpty(destination, signal))) {
    throw emptyArchiveError(destination);
  }
  const { history, setting: timeline } = await findHistory(
    origin,
    { target, catalog },
    askedBackup(catalog, target),
    signal,
  );
  const entry = chooseBackup(catalog, target, history);
  const chain = wholeChain(catalog, entry);
  await checkBegin(options, entry, history);
  await checkReach(options, entry, history);
  await checkKeys(origin, chain, history, signal);
  const segmentSize = entry.info.walSegmentSize ?? defaultSegmentSize;
  const held = () => archivedRange(origin, { history, first: beginOf(entry), segmentSize }, signal);
  const newest = target.goal.kind === 'latest' ? (await held()).newest : undefined;
  await writePlan(state, { backupId: entry.id, timeline, ...(newest !== undefined && { newest }), target: asked });
  log.info({ backupId: entry.id, timeline, target: describeGoal(target.goal) }, 'Restoring');
  return { chain, timeline, history, newest };
}
