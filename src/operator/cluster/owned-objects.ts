import type { ReadStore } from '../../kube/store.ts';
import type {
  Node,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  Lease,
} from '../../kube/objects.ts';

/** Watched copies of the objects that are compared before they are applied. A stale copy costs a needless apply, nothing else. */
export interface OwnedObjects {
  readonly services: ReadStore<Service>;
  readonly serviceAccounts: ReadStore<ServiceAccount>;
  readonly roles: ReadStore<Role>;
  readonly roleBindings: ReadStore<RoleBinding>;
  readonly budgets: ReadStore<PodDisruptionBudget>;
  readonly leases: ReadStore<Lease>;
  /** Of the whole Kubernetes cluster: what of them tells whether pods may stay there, and their labels. */
  readonly nodes: ReadStore<Node>;
}
