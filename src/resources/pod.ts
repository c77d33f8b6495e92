import jsonPatch from 'fast-json-patch';
import type { Pod, PodSpec } from '../kube/objects.ts';
import { annotation, instanceRole, label, podRole } from '../labels.ts';
import { instanceName } from '../naming.ts';
import { clusterName, objectMetadata } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';
import { instancePodSpec } from './pod-spec.ts';

/** What `cnpg.io/podPatch` on the Cluster makes of a pod. Throws when the patch is not one or does not fit. */
export function patchedPod(pod: Pod, patch: string | undefined): Pod {
  if (patch === undefined || patch === '') return pod;
  let operations: unknown;
  try {
    operations = JSON.parse(patch);
  } catch (cause) {
    throw new Error(`metadata.annotations[${annotation.podPatch}]: not JSON`, { cause });
  }
  try {
    return jsonPatch.applyPatch(structuredClone(pod), operations as jsonPatch.Operation[], true).newDocument;
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new Error(`metadata.annotations[${annotation.podPatch}]: does not apply: ${message}`, { cause });
  }
}

/** The role labels of an instance. An instance without a known role has none, and no service selects it. */
export const roleLabels = (role: string | undefined): Record<string, string> =>
  role === undefined ? {} : { [label.instanceRole]: role, [label.legacyRole]: role };

export const roleOf = (cluster: Cluster, instance: string): string | undefined => {
  const primary = cluster.status?.currentPrimary;
  if (primary === undefined || primary === '') return undefined;
  return primary === instance ? instanceRole.primary : instanceRole.replica;
};

/** The pod of an instance (reference §2.1). The spec it was made from is kept in an annotation, to notice later drift. */
export function instancePod(cluster: Cluster, settings: BuildSettings, serial: number): Pod {
  const instance = instanceName(clusterName(cluster), serial);
  const restartedAt = cluster.metadata.annotations?.[annotation.restartedAt];
  const metadata = objectMetadata(cluster, settings, instance, {
    labels: {
      [label.instanceName]: instance,
      [label.podRole]: podRole.instance,
      ...roleLabels(roleOf(cluster, instance)),
    },
    annotations: {
      [annotation.nodeSerial]: String(serial),
      ...(restartedAt === undefined ? {} : { [annotation.restartedAt]: restartedAt }),
    },
  });
  const plain: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: instancePodSpec(cluster, settings, instance) };
  const pod = patchedPod(plain, cluster.metadata.annotations?.[annotation.podPatch]);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata?.annotations, [annotation.podSpec]: JSON.stringify(pod.spec) },
    },
  };
}

/** The spec that a pod was made from, or undefined when it does not say. */
export function recordedPodSpec(pod: Pod): PodSpec | undefined {
  const text = pod.metadata?.annotations?.[annotation.podSpec];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as PodSpec;
  } catch {
    return undefined;
  }
}
