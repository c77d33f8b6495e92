import { defaultCluster } from '../cluster/defaults.ts';
import type { Cluster, ClusterSpec } from '../generated/cluster.ts';

/** A Cluster as a user writes it: the least that is accepted, and what the test is about. */
export const aBareCluster = (spec: Partial<ClusterSpec> = {}, annotations: Record<string, string> = {}): Cluster => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: 'example', namespace: 'default', annotations },
  spec: { instances: 3, storage: { size: '10Gi' }, ...spec },
});

/** The same as the API server hands it out: defaulted. */
export const aCluster = (spec: Partial<ClusterSpec> = {}, annotations: Record<string, string> = {}): Cluster =>
  defaultCluster(aBareCluster(spec, annotations));
