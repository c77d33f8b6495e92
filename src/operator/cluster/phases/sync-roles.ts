import { isConflict, isNotFound } from '../../../kube/errors.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { ObjectMeta, ResourceType } from '../../../kube/types.ts';
import { annotation, instanceRole, label } from '../../../labels.ts';
import { primaryBudget } from '../../../naming.ts';
import { inherited } from '../../../resources/metadata.ts';
import { roleLabels, roleOf } from '../../../resources/pod.ts';
import { phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

const differing = (
  wanted: Readonly<Record<string, string>>,
  actual: Readonly<Record<string, string>> | undefined,
): Record<string, string> =>
  Object.fromEntries(Object.entries(wanted).filter(([key, value]) => actual?.[key] !== value));

async function sync(
  scope: ObservedScope,
  type: ResourceType,
  meta: ObjectMeta | undefined,
  wantedLabels: Record<string, string>,
): Promise<void> {
  if (meta?.name === undefined || meta.deletionTimestamp !== undefined) return;
  const user = inherited(scope.cluster, scope.configuration);
  const labels = differing({ ...user.labels, ...wantedLabels }, meta.labels);
  const annotations = differing(user.annotations, meta.annotations);
  if (Object.keys(labels).length + Object.keys(annotations).length === 0) return;
  const { api, namespace, signal } = scope;
  // For this very object: a name that was given to another one meanwhile is left alone.
  const patch = { metadata: { uid: meta.uid, labels, annotations } };
  await api.patch(type, { namespace, name: meta.name }, patch, { signal }).catch((error: unknown) => {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  });
}

/**
 * Kubernetes counts a budget's pods anew when a pod comes to match it, not when one ceases to: after a role change it may go on counting
 * two primaries, and let the only one be evicted. A change of the budget itself makes it count.
 */
async function recount({ api, owned, world, namespace, name, signal }: ObservedScope): Promise<void> {
  const counted = world.pods
    .filter(({ metadata }) => metadata?.labels?.[label.instanceRole] === instanceRole.primary)
    .map(({ metadata }) => metadata?.name ?? '')
    .sort()
    .join(',');
  const budget = owned.budgets.get(namespace, primaryBudget(name));
  if (budget === undefined || budget.metadata?.annotations?.[annotation.counted] === counted) return;
  const patch = { metadata: { uid: budget.metadata?.uid, annotations: { [annotation.counted]: counted } } };
  const key = { namespace, name: primaryBudget(name) };
  await api.patch(resource.podDisruptionBudgets, key, patch, { signal }).catch((error: unknown) => {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  });
}

/**
 * Services follow these labels: the one who serves as primary has the label, all others are replicas. While the instances are at
 * changing it they set the labels themselves, and the status is behind: then nothing is put back.
 */
export async function syncRoles(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster } = scope;
  const holder = world.lease?.holder;
  const { currentPrimary = '', targetPrimary = '' } = cluster.status ?? {};
  if (holder !== undefined && currentPrimary !== '' && holder !== currentPrimary) {
    const message = `${holder} holds the lease and takes over from ${currentPrimary}`;
    scope.report.phase(targetPrimary === holder ? phase.switchingOver : phase.failingOver, message);
    scope.report.lookAgain(200);
    return goOn;
  }
  const primary = cluster.status?.currentPrimary;
  // Off the old one before onto the new one: -rw never leads to two.
  const replicasFirst = [...world.instances].sort((a, b) => Number(a.name === primary) - Number(b.name === primary));
  for (const { name, pod, claims } of replicasFirst) {
    const labels = roleLabels(roleOf(cluster, name));
    await sync(scope, resource.pods, pod?.metadata, labels);
    await Promise.all(claims.map((claim) => sync(scope, resource.persistentVolumeClaims, claim.metadata, labels)));
  }
  await recount(scope);
  return goOn;
}
