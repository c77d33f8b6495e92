// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  LocalObjectReference,
} from './shared.ts';
export type {
  LocalObjectReference,
} from './shared.ts';

/** A subscription of logical replication. */
export interface Subscription extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: SubscriptionSpec;
  status?: SubscriptionStatus;
}

/** What the subscription is to be. */
export interface SubscriptionSpec {
  /** The cluster that holds it; it cannot change. */
  cluster: LocalObjectReference;
  /** Name of the subscription; it cannot change. */
  name: string;
  /** Database of the subscription; it cannot change. */
  dbname: string;
  /** Parameters of CREATE SUBSCRIPTION. */
  parameters?: Record<string, string>;
  /** Name of the publication. */
  publicationName: string;
  /** Database of the publication; default: that of the external cluster. */
  publicationDBName?: string;
  /** Name of the entry of externalClusters that publishes. */
  externalClusterName: string;
  /** Whether it goes when this object is deleted. Default: "retain". */
  subscriptionReclaimPolicy?: 'delete' | 'retain';
}

/** What was observed of the subscription. */
export interface SubscriptionStatus {
  /** The generation that was applied. */
  observedGeneration?: number;
  /** The database is as the specification says. */
  applied?: boolean;
  /** What went wrong. */
  message?: string;
}
