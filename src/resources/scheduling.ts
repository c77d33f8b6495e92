import type { PodSpec } from '../kube/objects.ts';
import { label, podRole } from '../labels.ts';
import { clusterName } from './metadata.ts';
import type { Cluster } from './model.ts';

type Affinity = NonNullable<PodSpec['affinity']>;
type AntiAffinity = NonNullable<Affinity['podAntiAffinity']>;

/** Keeps the instances of a cluster on different nodes (or whatever the topology key says), by preference or by force. */
function antiAffinity(cluster: Cluster, job: boolean): AntiAffinity | undefined {
  const wanted = cluster.spec.affinity;
  const additional = wanted?.additionalPodAntiAffinity;
  if (wanted?.enablePodAntiAffinity === false) return additional;
  const others = [
    { key: label.podRole, operator: 'In', values: [podRole.instance] },
    // Where a Job fills a volume, its instance will have to run: Jobs side by side keep apart, too.
    ...(job ? [{ key: label.jobRole, operator: 'Exists' }] : []),
  ];
  const terms = others.map((other) => ({
    labelSelector: {
      matchExpressions: [{ key: label.cluster, operator: 'In', values: [clusterName(cluster)] }, other],
    },
    topologyKey: wanted?.topologyKey ?? 'kubernetes.io/hostname',
  }));
  const required = wanted?.podAntiAffinityType === 'required';
  const requiredTerms = [
    ...(required ? terms : []),
    ...(additional?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
  const preferredTerms = [
    ...(required ? [] : terms.map((term) => ({ weight: 100, podAffinityTerm: term }))),
    ...(additional?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
  return {
    ...(requiredTerms.length > 0 ? { requiredDuringSchedulingIgnoredDuringExecution: requiredTerms } : {}),
    ...(preferredTerms.length > 0 ? { preferredDuringSchedulingIgnoredDuringExecution: preferredTerms } : {}),
  };
}

/**
 * A Job keeps away from the others, never from the instance that it makes: that is started beside it, on the node of its volume. The
 * scheduler refuses a pod for what a running one has against it, and does not look again when that one ends (up to 5 min).
 */
function besides(instance: string, found: AntiAffinity): AntiAffinity {
  const notOwn = { key: label.instanceName, operator: 'NotIn', values: [instance] };
  const terms = (found.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(({ labelSelector, ...term }) => ({
    ...term,
    // Without a selector a term means nobody.
    ...(labelSelector && {
      labelSelector: { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), notOwn] },
    }),
  }));
  return { ...found, ...(terms.length > 0 && { requiredDuringSchedulingIgnoredDuringExecution: terms }) };
}

/** Where a pod of the cluster may run: an instance's, or a Job's that makes the instance `makes`. */
export function scheduling(cluster: Cluster, makes?: string): Partial<PodSpec> {
  const { spec } = cluster;
  const found = antiAffinity(cluster, makes !== undefined);
  const podAntiAffinity = makes === undefined ? found : found && besides(makes, found);
  const affinity: Affinity = {
    ...(spec.affinity?.nodeAffinity === undefined ? {} : { nodeAffinity: spec.affinity.nodeAffinity }),
    ...(spec.affinity?.additionalPodAffinity === undefined ? {} : { podAffinity: spec.affinity.additionalPodAffinity }),
    ...(podAntiAffinity === undefined ? {} : { podAntiAffinity }),
  };
  return {
    ...(Object.keys(affinity).length > 0 ? { affinity } : {}),
    ...(spec.affinity?.nodeSelector === undefined ? {} : { nodeSelector: spec.affinity.nodeSelector }),
    ...(spec.affinity?.tolerations === undefined ? {} : { tolerations: spec.affinity.tolerations }),
    ...(spec.topologySpreadConstraints === undefined
      ? {}
      : { topologySpreadConstraints: spec.topologySpreadConstraints }),
    ...(spec.schedulerName === undefined ? {} : { schedulerName: spec.schedulerName }),
    ...(spec.priorityClassName === undefined ? {} : { priorityClassName: spec.priorityClassName }),
  };
}
