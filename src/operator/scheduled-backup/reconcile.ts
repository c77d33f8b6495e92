import type { Backup } from '../../api/generated/backup.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { ScheduledBackup, ScheduledBackupStatus } from '../../api/generated/scheduled-backup.ts';
import { defaultScheduledBackup } from '../../api/scheduled-backup/defaults.ts';
import { parseSchedule } from '../../api/scheduled-backup/schedule.ts';
import { validateScheduledBackup } from '../../api/scheduled-backup/validate.ts';
import { formatFieldError } from '../../api/validation/field-error.ts';
import { alreadyExists } from '../../kube/errors.ts';
import type { EventMessage } from '../../kube/events.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { RunResult } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { label } from '../../labels.ts';
import type { BuildSettings } from '../../resources/model.ts';
import { byAge, isActive, isWaiting } from '../backup/choose.ts';
import { wholeSeconds } from '../cluster/times.ts';
import { childBackup } from './child.ts';
import { decide, type ScheduleDecision } from './decide.ts';

export interface ScheduleSurroundings {
  readonly api: KubeApi;
  readonly settings: BuildSettings;
  readonly emit: (about: ScheduledBackup, event: EventMessage) => void;
  readonly now: () => Date;
}

interface Context extends ScheduleSurroundings {
  readonly scheduled: ScheduledBackup;
  readonly signal: AbortSignal;
}

/** A field that is null goes. */
type StatusPatch = { [Field in keyof ScheduledBackupStatus]?: ScheduledBackupStatus[Field] | null };

/** Looked at again when nothing reports a change: the other backup or the cluster. */
const patienceMs = 60_000;

async function writeStatus({ api, scheduled, signal }: Context, patch: StatusPatch): Promise<void> {
  const before: ScheduledBackupStatus = scheduled.status ?? {};
  const news = Object.entries(patch).filter(
    ([field, value]) => (before[field as keyof ScheduledBackupStatus] ?? null) !== value,
  );
  if (news.length === 0) return;
  const { name, namespace } = scheduled.metadata;
  await api.patchStatus(
    resource.scheduledBackups,
    { name, namespace },
    { status: Object.fromEntries(news) },
    { signal },
  );
}

/** Says what keeps the schedule from being followed, once. */
async function complain(context: Context, reason: string, message: string, patch: StatusPatch = {}): Promise<void> {
  if (context.scheduled.status?.error !== message)
    context.emit(context.scheduled, { type: 'Warning', reason, message });
  await writeStatus(context, { ...patch, error: message });
}

async function children({ api, scheduled, signal }: Context): Promise<Backup[]> {
  const labelSelector = `${label.scheduledBackup}=${scheduled.metadata.name}`;
  const { namespace } = scheduled.metadata;
  return (await api.list<Backup>(resource.backups, { namespace, labelSelector, signal })).items;
}

type Creation = ScheduleDecision & { rule: 'create' };

/** False when an object of that name is there which is not of this schedule. */
async function create(context: Context, cluster: Cluster, decision: Creation): Promise<boolean> {
  const { api, scheduled, settings, emit, signal } = context;
  const child = childBackup(scheduled, cluster, settings, decision);
  const { name, namespace } = child.metadata;
  try {
    await api.create(resource.backups, child, { signal });
    emit(scheduled, { type: 'Normal', reason: 'BackupCreation', message: `Created Backup ${name}` });
    return true;
  } catch (error) {
    if (!alreadyExists(error)) throw error;
  }
  // Ours from a run that died before it could say so, or somebody else's.
  const found = await api.get<Backup>(resource.backups, { name, namespace }, { signal });
  if (found === undefined || found.metadata.labels?.[label.scheduledBackup] === scheduled.metadata.name) return true;
  const message = `Backup ${name} is there already and does not belong to this schedule; its moment is left out`;
  await complain(context, 'BackupAdoptionRefused', message);
  return false;
}

async function follow(context: Context, cluster: Cluster | undefined, decision: ScheduleDecision): Promise<void> {
  const { scheduled, emit } = context;
  const checked = { lastCheckTime: wholeSeconds(context.now()) };
  switch (decision.rule) {
    case 'suspended':
      return;
    case 'never':
      return complain(context, 'NoSchedule', `spec.schedule: "${scheduled.spec.schedule}" names no moment`);
    case 'begin': {
      const nextScheduleTime = wholeSeconds(decision.next);
      emit(scheduled, {
        type: 'Normal',
        reason: 'BackupSchedule',
        message: `Scheduled first backup by ${nextScheduleTime}`,
      });
      return writeStatus(context, { ...checked, nextScheduleTime, error: null });
    }
    case 'wait':
      return writeStatus(context, { nextScheduleTime: wholeSeconds(decision.next), error: null });
    case 'wait-for-backup':
      return writeStatus(context, { nextScheduleTime: wholeSeconds(decision.next), error: null });
    case 'wait-for-cluster':
      return complain(
        context,
        'InvalidCluster',
        `spec.cluster.name: there is no Cluster ${scheduled.spec.cluster.name}`,
        {
          nextScheduleTime: wholeSeconds(decision.next),
        },
      );
    case 'create': {
      if (cluster === undefined) return;
      const created = await create(context, cluster, decision);
      const nextScheduleTime = wholeSeconds(decision.next);
      if (created) {
        const message = `Next backup scheduled by ${nextScheduleTime}`;
        emit(scheduled, { type: 'Normal', reason: 'BackupSchedule', message });
      }
      return writeStatus(context, {
        ...checked,
        ...(created ? { lastScheduleTime: wholeSeconds(decision.at), error: null } : {}),
        nextScheduleTime,
      });
    }
    default:
      return decision satisfies never;
  }
}

/** Milliseconds until a schedule is worth another look, should no change be reported before. */
function restFor(decision: ScheduleDecision, now: Date): number | undefined {
  if (decision.rule === 'suspended' || decision.rule === 'never') return undefined;
  return decision.next > now ? decision.next.getTime() - now.getTime() : patienceMs;
}

/** One look at a ScheduledBackup. It may die anywhere: the name of a moment's backup makes the next look find it. */
export async function reconcileSchedule(
  surroundings: ScheduleSurroundings,
  key: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const { api } = surroundings;
  const found = await api.get<ScheduledBackup>(resource.scheduledBackups, key, { signal });
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
  const scheduled = defaultScheduledBackup(found);
  const context: Context = { ...surroundings, scheduled, signal };
  const message = validateScheduledBackup(scheduled).errors.map(formatFieldError).join('; ');
  if (message !== '') {
    await complain(context, 'InvalidSchedule', message);
    return undefined;
  }
  const { namespace } = key;
  const cluster = await api.get<Cluster>(
    resource.clusters,
    { namespace, name: scheduled.spec.cluster.name },
    { signal },
  );
  const unfinished = (await children(context)).sort(byAge).find((backup) => isWaiting(backup) || isActive(backup));
  const lastCheck = scheduled.status?.lastCheckTime;
  const now = surroundings.now();
  const decision = decide({
    schedule: parseSchedule(scheduled.spec.schedule),
    suspended: scheduled.spec.suspend === true,
    immediate: scheduled.spec.immediate === true,
    lastCheck: lastCheck === undefined ? undefined : new Date(lastCheck),
    clusterExists: cluster !== undefined,
    unfinished: unfinished?.metadata.name,
    now,
  });
  await follow(context, cluster, decision);
  const afterMs = restFor(decision, now);
  return afterMs === undefined ? undefined : { afterMs: Math.min(afterMs, patienceMs) };
}
