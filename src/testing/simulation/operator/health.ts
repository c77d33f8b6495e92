import type { Cluster } from '../../../api/generated/cluster.ts';
import { resource } from '../../../kube/resource-types.ts';
import { instanceRole, label } from '../../../labels.ts';
import { phase } from '../../../operator/cluster/phase-names.ts';
import { clusterKey, namespace } from '../names.ts';
import type { World } from '../world.ts';

/** What the operator still has to do, as its users see it; undefined when nothing is left. */
export function unfinished({ api: { store }, machines }: World): string | undefined {
  const { spec, status } = store.get(resource.clusters, clusterKey) as unknown as Cluster;
  if (status?.phase !== phase.healthy) return `the phase is ${status?.phase}: ${status?.phaseReason}`;
  const pods = store.list(resource.pods, namespace);
  const volumes = store.list(resource.persistentVolumeClaims, namespace);
  if (pods.length !== spec.instances || volumes.length !== spec.instances) {
    return `${pods.length} pods and ${volumes.length} volumes of ${spec.instances} instances`;
  }
  const labelled = pods.filter(({ metadata }) => metadata?.labels?.[label.instanceRole] === instanceRole.primary);
  const leads = labelled.map(({ metadata }) => metadata?.name).join(', ');
  const serves = machines.find(({ postgres }) => postgres?.serves === true)?.name;
  if (leads !== serves || status.currentPrimary !== serves) {
    return `${serves} serves, ${leads} is labelled, the status names ${status.currentPrimary}`;
  }
  return undefined;
}
