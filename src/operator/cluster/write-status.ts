import { isDeepStrictEqual } from 'node:util';
import type { Cluster, ClusterStatus, Condition } from '../../api/generated/cluster.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { apiVersion, fieldManager } from '../../naming.ts';
import { ownFields, type Report } from './report.ts';
import { micros, wholeSeconds } from './times.ts';

function conditionsToApply(report: Report, current: readonly Condition[], now: Date): Condition[] {
  return [...report.conditions.values()].map((condition) => {
    const before = current.find(({ type }) => type === condition.type);
    const stands = before?.status === condition.status;
    return { ...condition, lastTransitionTime: stands ? before.lastTransitionTime : wholeSeconds(now) };
  });
}

const same = (before: ClusterStatus, report: Report, conditions: readonly Condition[]): boolean =>
  ownFields.every((field) => isDeepStrictEqual(before[field], report.status[field])) &&
  conditions.every((condition) =>
    isDeepStrictEqual(
      condition,
      (before.conditions ?? []).find(({ type }) => type === condition.type),
    ),
  );

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a map in `before` has lost its last entry in `after`. */
export function losesAll(before: unknown, after: unknown): boolean {
  if (!isMap(before) || Object.keys(before).length === 0) return false;
  if (!isMap(after) || Object.keys(after).length === 0) return true;
  return Object.entries(before).some(([key, value]) => losesAll(value, after[key]));
}

/**
 * Writes what is the operator's in status, and nothing when nothing changed. Server-side apply keeps the instances' own fields and
 * conditions untouched.
 */
export async function writeStatus(
  api: KubeApi,
  cluster: Cluster,
  report: Report,
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, resourceVersion } = cluster.metadata;
  const before = cluster.status ?? {};
  if (report.targetPrimary !== undefined && report.targetPrimary !== before.targetPrimary) {
    // With the version that the decision was made on: somebody who asks for another target meanwhile is not overruled.
    const patch = {
      metadata: { resourceVersion },
      status: { targetPrimary: report.targetPrimary, targetPrimaryTimestamp: micros(now) },
    };
    await api.patchStatus(resource.clusters, { namespace, name }, patch, { signal });
  }
  const conditions = conditionsToApply(report, before.conditions ?? [], now);
  if (same(before, report, conditions)) return;
  // Where server-side apply takes the last entry out of a map it leaves a null, and the schema refuses that.
  const emptied = ownFields.filter((field) => losesAll(before[field], report.status[field]));
  if (emptied.length > 0) {
    const status = Object.fromEntries(emptied.map((field) => [field, null]));
    await api.patchStatus(resource.clusters, { namespace, name }, { status }, { signal });
  }
  const object = {
    apiVersion,
    kind: 'Cluster',
    metadata: { name, namespace },
    status: { ...report.status, ...(conditions.length === 0 ? {} : { conditions }) },
  };
  await api.applyStatus(resource.clusters, object, { fieldManager: fieldManager.operator, signal });
}
