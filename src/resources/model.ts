// What the builders are given besides the Cluster: what the operator is configured with (reference §2.35).
import type { Cluster } from '../api/generated/cluster.ts';

export type { Cluster };

export interface BuildSettings {
  readonly operatorImage: string;
  readonly operatorVersion: string;
  readonly postgresImage: string;
  readonly clusterDomain: string;
  readonly standbyTcpUserTimeoutMs: number;
  /** Names, or globs of names, of labels and annotations that are copied from the Cluster. */
  readonly inheritedLabels: readonly string[];
  readonly inheritedAnnotations: readonly string[];
}
