import type { Lease } from '../kube/objects.ts';
import { clusterScopedName } from '../naming.ts';
import { clusterName, objectMetadata } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';

/** The lease of a cluster, held by nobody yet: from here on only instances write to it. */
export const primaryLease = (cluster: Cluster, settings: BuildSettings): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: objectMetadata(cluster, settings, clusterScopedName(clusterName(cluster))),
  spec: {},
});
