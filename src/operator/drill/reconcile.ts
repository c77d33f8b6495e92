import type { Cluster } from '../../api/generated/cluster.ts';
import { hasArchive } from '../../api/cluster/plugin-store.ts';
import { parseSchedule, ScheduleError } from '../../api/scheduled-backup/schedule.ts';
import { alreadyExists } from '../../kube/errors.ts';
import type { EventMessage } from '../../kube/events.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { RunResult } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { annotation } from '../../labels.ts';
import { phase } from '../cluster/phase-names.ts';
import { wholeSeconds } from '../cluster/times.ts';
import { decideDrill, type DrillDecision, type DrillFacts, type DrillStatus } from './decide.ts';
import { drillCluster, drillName } from './manifest.ts';

export interface DrillSurroundings {
  readonly api: KubeApi;
  readonly emit: (about: Cluster, event: EventMessage) => void;
  readonly now: () => Date;
}

interface Context extends DrillSurroundings {
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
}

const lookMs = 5_000;
const patienceMs = 60_000;

/** A field that is null goes. */
async function write(
  { api, cluster, signal }: Context,
  status: { [Field in keyof DrillStatus]?: DrillStatus[Field] | null },
) {
  const before: DrillStatus = cluster.status?.howdah?.restoreDrill ?? {};
  const same = Object.entries(status).every(([field, value]) => (before[field as keyof DrillStatus] ?? null) === value);
  if (same) return;
  const { name, namespace } = cluster.metadata;
  const patch = { status: { howdah: { restoreDrill: status } } };
  await api.patchStatus(resource.clusters, { name, namespace }, patch, { signal });
}

/** The throw-away of this cluster; one of the same name that is somebody else's is not ours to touch. */
async function findRestored({ api, cluster, signal }: Context): Promise<Cluster | 'foreign' | undefined> {
  const { namespace, name, uid } = cluster.metadata;
  const found = await api.get<Cluster>(resource.clusters, { namespace, name: drillName(name) }, { signal });
  if (found === undefined) return undefined;
  const owned = found.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
  return owned && found.metadata.annotations?.[annotation.drillOf] === name ? found : 'foreign';
}

function factsOf(restored: Cluster | undefined): DrillFacts['restored'] {
  if (restored === undefined || restored.metadata.deletionTimestamp !== undefined) return undefined;
  const { status } = restored;
  const hopeless = status?.phase === phase.unrecoverable || status?.phase === phase.invalid;
  return {
    verification: status?.howdah?.verification,
    failure: hopeless ? `${status.phase}: ${status.phaseReason ?? ''}` : undefined,
  };
}

async function remove({ api, signal }: Context, restored: Cluster): Promise<void> {
  const { namespace, name, uid = '' } = restored.metadata;
  await api.delete(resource.clusters, { namespace, name }, { preconditions: { uid }, signal });
}

async function create(context: Context): Promise<void> {
  const manifest = drillCluster(context.cluster);
  if (manifest === undefined) return;
  await context.api.create(resource.clusters, manifest, { signal: context.signal }).catch((error: unknown) => {
    if (!alreadyExists(error)) throw error;
  });
}

/** As a merge patch (RFC 7396): nothing of what was there before stays. */
function replacing(before: object | undefined, after: object): object {
  const old = Object.entries(before ?? {});
  const isObject = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const kept = Object.entries(after).map(([field, value]: [string, unknown]) => {
    const was: unknown = old.find(([name]) => name === field)?.[1];
    return [field, isObject(value) ? replacing(isObject(was) ? was : undefined, value) : value];
  });
  return { ...Object.fromEntries(old.map(([field]) => [field, null])), ...Object.fromEntries(kept) } as object;
}

const gone = { endedAt: null, recoverySeconds: null, recoveryPointSeconds: null, message: null, verification: null };

async function follow(context: Context, decision: DrillDecision, restored: Cluster | undefined): Promise<RunResult> {
  const { cluster, emit, now } = context;
  switch (decision.rule) {
    case 'wait':
      await write(context, {
        nextTime: wholeSeconds(decision.next),
        // Why none could begin; what went wrong with the newest one stays.
        ...(cluster.status?.howdah?.restoreDrill?.phase !== 'failed' && { message: null }),
      });
      return { afterMs: Math.min(patienceMs, Math.max(1, decision.next.getTime() - now().getTime())) };
    case 'nothing-to-restore':
      await write(context, {
        nextTime: wholeSeconds(decision.next),
        message: 'there is no completed backup to restore',
      });
      return { afterMs: patienceMs };
    case 'begin':
      await write(context, { ...gone, phase: 'running', startedAt: wholeSeconds(now()), nextTime: null });
      emit(cluster, {
        type: 'Normal',
        reason: 'RestoreDrillStarted',
        message: 'The newest backup is restored to see whether it can be',
      });
      return { afterMs: 1 };
    case 'create':
      await create(context);
      return { afterMs: lookMs };
    case 'watch':
      return { afterMs: lookMs };
    case 'end': {
      const { outcome } = decision;
      const last = replacing(cluster.status?.howdah?.restoreDrill?.last, outcome);
      await write(context, { ...gone, ...outcome, last });
      const good = outcome.phase === 'succeeded';
      emit(cluster, {
        type: good ? 'Normal' : 'Warning',
        reason: good ? 'RestoreDrillSucceeded' : 'RestoreDrillFailed',
        message: good
          ? `Restored within ${outcome.recoverySeconds} s and found whole`
          : (outcome.message ?? '').slice(0, 1024),
      });
      if (restored !== undefined) await remove(context, restored);
      return { afterMs: lookMs };
    }
    case 'clean-up':
      if (restored !== undefined) await remove(context, restored);
      return { afterMs: lookMs };
    default:
      return decision satisfies never;
  }
}

/** One look at the restore drills of a cluster. It may die anywhere; the next look goes on from status and from what is there. */
export async function reconcileDrill(
  surroundings: DrillSurroundings,
  key: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const cluster = await surroundings.api.get<Cluster>(resource.clusters, key, { signal });
  if (cluster === undefined || cluster.metadata.deletionTimestamp !== undefined) return undefined;
  const context: Context = { ...surroundings, cluster, signal };
  const expression = cluster.metadata.annotations?.[annotation.restoreDrill];
  const restored = await findRestored(context);
  if (expression === undefined) {
    if (restored !== undefined && restored !== 'foreign') await remove(context, restored);
    if (cluster.status?.howdah?.restoreDrill?.phase === 'running')
      await write(context, { ...gone, phase: 'failed', message: 'called off' });
    return undefined;
  }
  if (restored === 'foreign') {
    await write(context, { message: `Cluster ${drillName(key.name)} is there already and is not of a drill` });
    return { afterMs: patienceMs };
  }
  let schedule;
  try {
    schedule = parseSchedule(expression);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    await write(context, { message: `metadata.annotations[${annotation.restoreDrill}]: ${error.message}` });
    return undefined;
  }
  const { creationTimestamp } = cluster.metadata;
  const { status } = cluster;
  const decision = decideDrill({
    schedule,
    now: surroundings.now(),
    since: new Date(creationTimestamp ?? surroundings.now()),
    status: status?.howdah?.restoreDrill,
    restorable: hasArchive(cluster) && Object.keys(status?.lastSuccessfulBackupByMethod ?? {}).length > 0,
    restored: factsOf(restored),
  });
  return follow(context, decision, restored);
}
