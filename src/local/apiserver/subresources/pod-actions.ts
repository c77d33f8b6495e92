import { ApiError, badRequest, conflict, notFound } from '../model/errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import type { Resource } from '../kinds/resource.ts';
import { timestamp } from '../model/time.ts';
import { remove } from '../rest/delete.ts';
import { matchesSelector } from '../kinds/selectors.ts';
import { isDryRun, type Call } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';

const success = (code: number): Answer =>
  jsonObject(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code });

function podOf(call: Call, resource: Resource): Obj {
  const found = call.services.store.get('/pods', call.info.namespace, call.info.name);
  if (!found) throw notFound(resource, call.info.name);
  return found;
}

/** POST pods/{name}/binding: gives the pod to a node. */
export async function bind(call: Call, resource: Resource): Promise<Answer> {
  const body: Loose = parseDocument(await call.body(), call.contentType);
  const pod = podOf(call, resource);
  const node = body?.target?.name;
  if (!node) throw badRequest('target.name is required');
  if (pod['spec'].nodeName) {
    throw conflict(
      { group: '', plural: 'pods/binding', kind: 'Binding' },
      call.info.name,
      `pod ${call.info.name} is already assigned to node "${pod['spec'].nodeName}"`,
    );
  }
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(call.services.now()),
  };
  const others = ((pod['status']?.conditions ?? []) as Loose[]).filter(
    (condition) => condition.type !== 'PodScheduled',
  );
  const next: Obj = {
    ...pod,
    spec: { ...pod['spec'], nodeName: node },
    status: { ...pod['status'], conditions: [...others, scheduled] },
  };
  if (!isDryRun(call)) call.services.store.put('/pods', next, pod);
  return success(201);
}

const isReady = (pod: Obj): boolean =>
  !pod.metadata.deletionTimestamp &&
  ((pod['status']?.conditions ?? []) as Loose[]).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );

/** A count or a percentage of `total`, rounded up. */
const resolve = (value: Loose, total: number): number =>
  typeof value === 'string' && value.endsWith('%')
    ? Math.ceil((Number(value.slice(0, -1)) * total) / 100)
    : Number(value);

/** How many of the budget's pods may go now, counted on the spot (a stored status could be stale). */
function allowedDisruptions(call: Call, budget: Obj): number {
  const { selector, minAvailable, maxUnavailable } = budget['spec'];
  const pods = call.services.store
    .list('/pods', call.info.namespace)
    .filter(
      (pod) =>
        matchesSelector(selector, pod.metadata.labels) && !['Succeeded', 'Failed'].includes(pod['status']?.phase),
    );
  const healthy = pods.filter(isReady).length;
  const wanted =
    minAvailable !== undefined
      ? resolve(minAvailable, pods.length)
      : pods.length - resolve(maxUnavailable ?? 1, pods.length);
  return Math.max(0, healthy - Math.max(0, wanted));
}

/** POST pods/{name}/eviction: a deletion that disruption budgets can refuse. */
export async function evict(call: Call, resource: Resource): Promise<Answer> {
  const body: Loose = parseDocument(await call.body(), call.contentType);
  const pod = podOf(call, resource);
  const budgets = call.services.store
    .list('policy/poddisruptionbudgets', call.info.namespace)
    .filter((budget) => matchesSelector(budget['spec']?.selector, pod.metadata.labels));
  const phase = pod['status']?.phase;
  const settled = pod.metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(phase);
  const blocking = settled ? undefined : budgets.find((budget) => allowedDisruptions(call, budget) === 0);
  // A pod that does not work protects nothing while enough others do.
  if (blocking && (isReady(pod) || blocking['spec'].unhealthyPodEvictionPolicy !== 'AlwaysAllow')) {
    throw new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      retryAfterSeconds: 10,
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${blocking.metadata.name} does not allow more disruptions at this moment`,
        },
      ],
    });
  }
  await remove(call, resource, pod, body?.deleteOptions ?? {});
  return success(201);
}
