import type { PodSpec } from '../kube/objects.ts';
import { label, podRole } from '../labels.ts';
import { clusterName } from './metadata.ts';
import type { Cluster } from './model.ts';

type Affinity = NonNullable<PodSpec['affinity']>;
type AntiAffinity = NonNullable<Affinity['podAntiAffinity']>;

/** Keeps the instances of a cluster on different nodes (or whatever the topology key says), by preference or by force. */
function antiAffinity(cluster: Cluster): AntiAffinity | undefined {
  const wanted = cluster.spec.affinity;
  const additional = wanted?.additionalPodAntiAffinity;
  if (wanted?.enablePodAntiAffinity === false) return additional;
  const term = {
    labelSelector: {
      matchExpressions: [
        { key: label.cluster, operator: 'In', values: [clusterName(cluster)] },
        { key: label.podRole, operator: 'In', values: [podRole.instance] },
      ],
    },
    topologyKey: wanted?.topologyKey ?? 'kubernetes.io/hostname',
  };
  const required = wanted?.podAntiAffinityType === 'required';
  const requiredTerms = [
    ...(required ? [term] : []),
    ...(additional?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
  const preferredTerms = [
    ...(required ? [] : [{ weight: 100, podAffinityTerm: term }]),
    ...(additional?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
  return {
    ...(requiredTerms.length > 0 ? { requiredDuringSchedulingIgnoredDuringExecution: requiredTerms } : {}),
    ...(preferredTerms.length > 0 ? { preferredDuringSchedulingIgnoredDuringExecution: preferredTerms } : {}),
  };
}

/** Where a pod of the cluster may run. */
export function scheduling(cluster: Cluster): Partial<PodSpec> {
  const { spec } = cluster;
  const podAntiAffinity = antiAffinity(cluster);
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
