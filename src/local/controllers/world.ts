import type {
  Deployment,
  EndpointSlice,
  Job,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  StorageClass,
} from '../../kube/objects.ts';
import type { ReadStore } from '../../kube/store.ts';

/** The kinds that controllers look at, by the names of src/kube/resource-types.ts. */
export interface WatchedKinds {
  pods: Pod;
  nodes: Node;
  services: Service;
  persistentVolumeClaims: PersistentVolumeClaim;
  persistentVolumes: PersistentVolume;
  storageClasses: StorageClass;
  jobs: Job;
  deployments: Deployment;
  replicaSets: ReplicaSet;
  podDisruptionBudgets: PodDisruptionBudget;
  endpointSlices: EndpointSlice;
  leases: Lease;
}

export type WatchedKind = keyof WatchedKinds;

export const watchedKinds: readonly WatchedKind[] = [
  'pods',
  'nodes',
  'services',
  'persistentVolumeClaims',
  'persistentVolumes',
  'storageClasses',
  'jobs',
  'deployments',
  'replicaSets',
  'podDisruptionBudgets',
  'endpointSlices',
  'leases',
];

/** Copies of all objects of those kinds. */
export type World = { readonly [Kind in WatchedKind]: ReadStore<WatchedKinds[Kind]> };
