import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { Pod } from '../../../kube/objects.ts';
import { isFenced } from '../../../fencing.ts';
import { annotation } from '../../../labels.ts';
import type { BuildSettings } from '../../../resources/model.ts';
import { instancePod, recordedPodSpec } from '../../../resources/pod.ts';
import { reasonOf, subjectCondition } from '../decided.ts';
import type { InstanceStatus } from '../instance-status.ts';
import { isReady, isTerminating, members, type Instance, type World } from '../world.ts';

/** `rule`: stable name of what decided. */
export type Rollout = { readonly rule: string } & (
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly reason: string }
  /** The pod is made anew. A primary keeps its role meanwhile. */
  | { readonly kind: 'recreate'; readonly instance: Instance; readonly primary: boolean; readonly reason: string }
  /** Its pod was taken away for that before. */
  | { readonly kind: 'primary-restarts'; readonly reason: string }
  /** The primary's manager restarts its postgres. */
  | { readonly kind: 'restart-in-place'; readonly instance: Instance; readonly reason: string }
  | { readonly kind: 'switchover'; readonly reason: string }
  | { readonly kind: 'ask-the-user'; readonly reason: string }
);

/** As the API server stores it: without members that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Why a pod is not what it should be, in the names of the fields of its spec; undefined when it is. */
export function driftOf(cluster: Cluster, settings: BuildSettings, instance: Instance, pod: Pod): string | undefined {
  const restartedAt = cluster.metadata.annotations?.[annotation.restartedAt];
  if (restartedAt !== undefined && pod.metadata?.annotations?.[annotation.restartedAt] !== restartedAt) {
    return `a restart was asked for at ${restartedAt}`;
  }
  if (cluster.metadata.annotations?.[annotation.reconcilePodSpec] === 'disabled') return undefined;
  const { metadata, spec } = instancePod(cluster, settings, instance.serial);
  // The usual case, and every look at every cluster comes here.
  const text = pod.metadata?.annotations?.[annotation.podSpec];
  if (text !== undefined && text === metadata?.annotations?.[annotation.podSpec]) return undefined;
  const recorded = recordedPodSpec(pod);
  if (recorded === undefined) return 'its pod does not say what it was made from';
  const wanted = plain(spec) as Record<string, unknown>;
  const before = recorded as unknown as Record<string, unknown>;
  const fields = [...new Set([...Object.keys(wanted), ...Object.keys(before)])].sort();
  const changed = fields.filter((field) => !isDeepStrictEqual(wanted[field], before[field]));
  return changed.length === 0 ? undefined : `its pod specification changed (${changed.join(', ')})`;
}

const restartPrimary = 'restart-primary';

interface Due {
  readonly instance: Instance;
  readonly reason: string;
}

/** Instances whose pod is another than the one that would be made now. Fenced ones are left as they are. */
function drifted(cluster: Cluster, settings: BuildSettings, running: readonly Instance[]): Due[] {
  return running.flatMap((instance) => {
    if (instance.pod === undefined || isFenced(cluster, instance.name)) return [];
    const reason = driftOf(cluster, settings, instance, instance.pod);
    return reason === undefined ? [] : [{ instance, reason }];
  });
}

const answered = ({ answer }: Instance): InstanceStatus | undefined =>
  answer?.ok === true ? answer.status : undefined;

/** The primary's pod is being made anew, and it has the role until its lease runs out. */
export function primaryRestarts({ status }: Pick<Cluster, 'status'>, pod: Pod | undefined): boolean {
  const said = status?.conditions?.find(({ type }) => type === subjectCondition('Rollout'));
  return said?.reason === reasonOf(restartPrimary) && said.status === 'False' && !isReady(pod);
}

/** How the primary gets what the replicas have already: the user's choice (reference §2.12). */
function updatePrimary(cluster: Cluster, { instance, reason }: Due, alone: boolean, inPlace: boolean): Rollout {
  const { primaryUpdateStrategy: strategy, primaryUpdateMethod: method } = cluster.spec;
  if (strategy === 'supervised') return { rule: 'supervised-update', kind: 'ask-the-user', reason };
  if (method === 'switchover' && !alone) return { rule: 'update-by-switchover', kind: 'switchover', reason };
  if (inPlace) return { rule: 'restart-primary-in-place', kind: 'restart-in-place', instance, reason };
  return { rule: restartPrimary, kind: 'recreate', instance, primary: true, reason };
}

/** Replicas restart their postgres by themselves, in turns; the primary when they are done, or first when a limit gets lower. */
function parameterRestart(cluster: Cluster, running: readonly Instance[]): Rollout {
  const primary = running.find(({ name }) => name === cluster.status?.currentPrimary);
  const status = primary && answered(primary);
  if (primary === undefined || status?.pendingRestart !== true) return { rule: 'nothing-to-roll', kind: 'none' };
  const reason = 'parameters changed that need a restart';
  const others = running.filter((instance) => instance !== primary && !isFenced(cluster, instance.name));
  const { primaryUpdateStrategy: strategy } = cluster.spec;
  if (status.pendingRestartForDecrease === true && strategy !== 'supervised') {
    return { rule: 'restart-primary-first', kind: 'restart-in-place', instance: primary, reason: `${reason}, to less` };
  }
  const late = others.filter((instance) => answered(instance)?.pendingRestart !== false || !isReady(instance.pod));
  if (late.length > 0) {
    const names = late.map(({ name }) => name).join(', ');
    return { rule: 'replicas-restart-first', kind: 'wait', reason: `${names} restarts first` };
  }
  return updatePrimary(cluster, { instance: primary, reason }, others.length === 0, true);
}

/** What is to be made anew next: replicas first, one at a time, the primary last, each only when all others are ready. */
export function nextRollout(cluster: Cluster, settings: BuildSettings, world: World): Rollout {
  const present = members(world);
  const running = present.filter(({ filled, pod }) => filled && pod !== undefined);
  const due = drifted(cluster, settings, running);
  const { currentPrimary, targetPrimary = currentPrimary } = cluster.status ?? {};
  if (currentPrimary !== targetPrimary) return { rule: 'role-changes', kind: 'none' };
  const leading = present.find(({ name }) => name === currentPrimary);
  if (leading && primaryRestarts(cluster, leading.pod)) {
    return { rule: restartPrimary, kind: 'primary-restarts', reason: `${leading.name} is on its way back` };
  }
  if (due.length === 0) return parameterRestart(cluster, running);
  if (running.some(({ pod }) => isTerminating(pod))) {
    return { rule: 'pod-is-leaving', kind: 'wait', reason: 'a pod is on its way out' };
  }
  const replicas = due
    .filter(({ instance }) => instance.name !== currentPrimary)
    .sort((a, b) => b.instance.serial - a.instance.serial);
  // One that does not work anyway may be cured by its new specification, and costs nothing.
  const broken = replicas.find(({ instance }) => !isReady(instance.pod));
  if (broken !== undefined) return { rule: 'broken-replica-first', kind: 'recreate', primary: false, ...broken };
  // Those that have no pod at this moment are on their way back, and those that are being filled copy the primary.
  const notReady = present.filter(
    ({ pod, name }) => !isReady(pod) && !isFenced(cluster, name) && !due.some(({ instance }) => instance.name === name),
  );
  if (notReady.length > 0) {
    const reason = `${notReady.map(({ name }) => name).join(', ')} is not ready`;
    return { rule: 'all-others-are-ready', kind: 'wait', reason };
  }
  const [replica] = replicas;
  if (replica !== undefined) return { rule: 'replicas-first', kind: 'recreate', primary: false, ...replica };
  const [primary] = due;
  if (primary === undefined) return { rule: 'nothing-to-roll', kind: 'none' };
  return updatePrimary(cluster, primary, running.length === 1, false);
}
