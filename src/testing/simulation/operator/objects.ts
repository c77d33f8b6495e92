// The objects of a cluster that has run for a while, as the operator's own builders make them.
import { defaultCluster } from '../../../api/cluster/defaults.ts';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { KubeObject, ResourceType } from '../../../kube/types.ts';
import { resource } from '../../../kube/resource-types.ts';
import { annotation, pvcStatus } from '../../../labels.ts';
import { parseConfiguration } from '../../../operator/config.ts';
import { claimsOf, instanceClaim } from '../../../resources/claim.ts';
import { primaryLease } from '../../../resources/lease.ts';
import { instancePod } from '../../../resources/pod.ts';
import { secretNames } from '../../../resources/secret-names.ts';
import type { ApiStore } from '../api-store.ts';
import { clusterKey, namespace } from '../names.ts';

export const operatorConfiguration = parseConfiguration({ OPERATOR_IMAGE_NAME: 'howdah:test' }, 'simulated');

/** `names`: the instances, by their serials from 1. */
export function createObjects(store: ApiStore, names: readonly string[]): void {
  const found = store.get(resource.clusters, clusterKey) as unknown as Cluster;
  const cluster = defaultCluster(found, { imageName: operatorConfiguration.postgresImage });
  const create = (type: ResourceType, object: KubeObject): void =>
    void store.create(type, { ...object, metadata: { ...object.metadata, namespace } });
  create(resource.leases, primaryLease(cluster, operatorConfiguration));
  const authority = { 'ca.crt': Buffer.from('simulated').toString('base64') };
  create(resource.secrets, { metadata: { name: secretNames(cluster).serverCa }, data: authority } as KubeObject);
  for (const [index, name] of names.entries()) {
    const serial = index + 1;
    for (const role of claimsOf(cluster, name)) {
      const claim = instanceClaim(cluster, operatorConfiguration, serial, role);
      const annotations = { ...claim.metadata?.annotations, [annotation.pvcStatus]: pvcStatus.ready };
      create(resource.persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } });
    }
    create(resource.pods, instancePod(cluster, operatorConfiguration, serial));
  }
}
