import { defaultBackup } from '../../api/backup/defaults.ts';
import type { Backup, BackupStatus } from '../../api/generated/backup.ts';
import { validateBackup } from '../../api/backup/validate.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import { formatFieldError } from '../../api/validation/field-error.ts';
import { isConflict } from '../../kube/errors.ts';
import type { EventMessage } from '../../kube/events.ts';
import type { Pod, Secret } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { RunResult } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { label, podRole } from '../../labels.ts';
import { type ArchivePlace, archivePlace, ArchivePlaceError } from '../../resources/archive-place.ts';
import { imageMajor } from '../../resources/image.ts';
import { secretNames } from '../../resources/secret-names.ts';
import { secretText } from '../../resources/secrets.ts';
import { objectStoresOf } from '../cluster/object-stores.ts';
import type { InstanceStatusReader, StatusAnswer } from '../cluster/instance-status.ts';
import type { OperatorIdentity } from '../cluster/identity.ts';
import { isReady } from '../cluster/world.ts';
import { wholeSeconds } from '../cluster/times.ts';
import { backupPhase, backupPod, byAge, containerIdOf, isActive, isWaiting } from './choose.ts';
import { prerequisites } from './prerequisites.ts';

export interface BackupSurroundings {
  readonly api: KubeApi;
  readonly identity: OperatorIdentity;
  readonly readStatus: InstanceStatusReader;
  readonly emit: (about: Backup, event: EventMessage) => void;
  readonly now: () => Date;
  /** When a pod that takes a backup was first found missing, by uid of the Backup. */
  readonly missingSince: Map<string, number>;
}

interface Context extends BackupSurroundings {
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const waitMs = 10_000;
const pollMs = 30_000;
/** A pod that was deleted comes back on its volume, and its manager then decides about the backup. Only one that stays away fails it. */
const missingMs = 60_000;

/** Written against the version that was read: the instance may have gone on meanwhile, and then it knows better. */
async function setStatus(context: Context, backup: Backup, status: BackupStatus): Promise<void> {
  const { namespace, name, resourceVersion } = backup.metadata;
  const patch = { metadata: { resourceVersion }, status };
  await context.api
    .patchStatus(resource.backups, { namespace, name }, patch, { signal: context.signal })
    .catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
}

async function fail(context: Context, backup: Backup, reason: string, message: string): Promise<void> {
  const at = wholeSeconds(context.now());
  await setStatus(context, backup, {
    phase: backupPhase.failed,
    error: message,
    stoppedAt: at,
    reconciliationTerminatedAt: at,
  });
  context.emit(backup, { type: 'Warning', reason, message });
}

async function setPhase(context: Context, backup: Backup, phase: string, event: EventMessage): Promise<void> {
  if (backup.status?.phase === phase) return;
  await setStatus(context, backup, { phase });
  context.emit(backup, event);
}

async function instancePods({ api, namespace, signal }: Context, cluster: string): Promise<Pod[]> {
  const labelSelector = `${label.cluster}=${cluster},${label.podRole}=${podRole.instance}`;
  return (await api.list<Pod>(resource.pods, { namespace, labelSelector, signal })).items;
}

const lsnNumber = (lsn: string | undefined): bigint => {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn ?? '');
  return match === null ? 0n : (BigInt(`0x${match[1] ?? '0'}`) << 32n) | BigInt(`0x${match[2] ?? '0'}`);
};

async function answersOf(context: Context, cluster: Cluster, pods: readonly Pod[]): Promise<Map<string, StatusAnswer>> {
  const { api, namespace, identity, signal, readStatus } = context;
  const secret = await api.get<Secret>(
    resource.secrets,
    { namespace, name: secretNames(cluster).serverCa },
    { signal },
  );
  const authority = secretText(secret, 'ca.crt');
  const asked = pods.filter((pod) => isReady(pod) && (pod.status?.podIP ?? '') !== '');
  if (authority === undefined) return new Map();
  const request = { cluster: cluster.metadata.name, authority, identity, signal };
  return new Map(
    await Promise.all(
      asked.map(async (pod) => {
        const answer = await readStatus({ ...request, address: pod.status?.podIP ?? '' });
        return [pod.metadata?.name ?? '', answer] as const;
      }),
    ),
  );
}

/** Where the backup will lie, or what is wrong with that. */
async function placeOf(
  { api, namespace, signal }: Context,
  cluster: Cluster,
): Promise<ArchivePlace | string | undefined> {
  const stores = await objectStoresOf(api, cluster, namespace, signal);
  try {
    return archivePlace(cluster, (name) => stores.get(name));
  } catch (error) {
    if (error instanceof ArchivePlaceError) return error.message;
    throw error;
  }
}

/** Assigns the backup to an instance, which then begins by itself. */
async function start(context: Context, cluster: Cluster, backup: Backup): Promise<RunResult> {
  const pods = await instancePods(context, cluster.metadata.name);
  const answers = await answersOf(context, cluster, pods);
  const candidates = pods.flatMap((pod) => {
    const answer = answers.get(pod.metadata?.name ?? '');
    if (answer?.ok !== true) return [];
    return [{ pod, position: lsnNumber(answer.status.receivedLsn ?? answer.status.currentLsn) }];
  });
  const pod = backupPod(cluster, backup, candidates);
  const podName = pod?.metadata?.name;
  if (pod === undefined || podName === undefined) {
    const message = 'No instance is ready to take the backup';
    await setPhase(context, backup, backupPhase.pending, { type: 'Normal', reason: 'FindingPod', message });
    return { afterMs: waitMs };
  }
  const answer = answers.get(podName);
  const sessionID = answer?.ok === true ? answer.status.sessionID : undefined;
  const containerId = containerIdOf(pod);
  const place = await placeOf(context, cluster);
  if (typeof place === 'string') {
    await setPhase(context, backup, backupPhase.pending, {
      type: 'Warning',
      reason: 'FindingObjectStore',
      message: place,
    });
    return { afterMs: waitMs };
  }
  const store = place?.section;
  const majorVersion = imageMajor(cluster.status?.image ?? cluster.spec.imageName ?? '');
  await setStatus(context, backup, {
    phase: backupPhase.started,
    method: backup.spec.method ?? 'barmanObjectStore',
    online: true,
    reconciliationStartedAt: wholeSeconds(context.now()),
    instanceID: {
      podName,
      ...(containerId === undefined ? {} : { ContainerID: containerId }),
      ...(sessionID === undefined ? {} : { sessionID }),
    },
    ...(majorVersion === undefined ? {} : { majorVersion }),
    ...(store === undefined
      ? {}
      : { destinationPath: store.destinationPath, serverName: store.serverName ?? cluster.metadata.name }),
    ...(store?.endpointURL === undefined ? {} : { endpointURL: store.endpointURL }),
    ...(store?.endpointCA === undefined ? {} : { endpointCA: store.endpointCA }),
    ...(store?.s3Credentials === undefined ? {} : { s3Credentials: store.s3Credentials }),
  });
  const message = `Starting backup for cluster ${cluster.metadata.name} on ${podName}`;
  context.emit(backup, { type: 'Normal', reason: 'Starting', message });
  return { afterMs: pollMs };
}

/** A backup that an instance has: it fails here only when that instance stays away. */
async function supervise(context: Context, backup: Backup): Promise<RunResult> {
  const { api, namespace, signal, missingSince } = context;
  const uid = backup.metadata.uid ?? '';
  const name = backup.status?.instanceID?.podName ?? '';
  const pod = name === '' ? undefined : await api.get<Pod>(resource.pods, { namespace, name }, { signal });
  if (pod !== undefined && pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded') {
    missingSince.delete(uid);
    return { afterMs: pollMs };
  }
  const now = context.now().getTime();
  const since = missingSince.get(uid) ?? now;
  missingSince.set(uid, since);
  if (now - since < missingMs) return { afterMs: missingMs - (now - since) + 1 };
  missingSince.delete(uid);
  await fail(context, backup, 'InstanceManagerRestarted', `Instance ${name}, which took the backup, is gone`);
  return { afterMs: 0 };
}

/** One turn for all backups of one cluster: at most one is taken at a time, the oldest first. */
export async function reconcileBackups(
  surroundings: BackupSurroundings,
  key: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const context: Context = { ...surroundings, namespace: key.namespace, signal };
  const { items } = await context.api.list<Backup>(resource.backups, { namespace: key.namespace, signal });
  const ours = items
    .filter(({ spec, metadata }) => spec.cluster.name === key.name && metadata.deletionTimestamp === undefined)
    .map(defaultBackup)
    .sort(byAge);
  const valid: Backup[] = [];
  for (const backup of ours.filter(isWaiting)) {
    const message = validateBackup(backup).errors.map(formatFieldError).join('; ');
    if (message === '') valid.push(backup);
    else {
      await setStatus(context, backup, { phase: backupPhase.invalid, error: message });
      context.emit(backup, { type: 'Warning', reason: 'Error', message });
    }
  }
  const active = ours.find(isActive);
  const [next, ...later] = active === undefined ? valid : [undefined, ...valid];
  for (const backup of later) {
    const message = 'Another backup of the cluster is being taken';
    if (backup !== undefined)
      await setPhase(context, backup, backupPhase.pending, { type: 'Normal', reason: 'BackupPending', message });
  }
  if (active !== undefined) return supervise(context, active);
  if (next === undefined) return undefined;
  const cluster = await context.api.get<Cluster>(resource.clusters, key, { signal });
  const verdict = prerequisites(cluster, next, context.now());
  if (verdict.kind === 'go' && cluster !== undefined) return start(context, cluster, next);
  if (verdict.kind === 'go') return undefined;
  const { reason, message } = verdict;
  if (verdict.kind === 'fail') {
    await fail(context, next, reason, message);
    return { afterMs: 0 };
  }
  const phase = verdict.kind === 'wait' ? backupPhase.pending : backupPhase.archivingFailing;
  await setPhase(context, next, phase, { type: 'Normal', reason, message });
  return { afterMs: waitMs };
}
