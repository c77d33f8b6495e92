import type { PodDisruptionBudget } from '../kube/objects.ts';
import { instanceRole, label } from '../labels.ts';
import { primaryBudget, replicaBudget } from '../naming.ts';
import { clusterName, objectMetadata } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';

export interface Budgets {
  readonly wanted: PodDisruptionBudget[];
  /** Names of those that the specification forbids, to be deleted when they are there. */
  readonly unwanted: string[];
}

/** What a drain may not evict (reference §2.29). */
export function disruptionBudgets(cluster: Cluster, settings: BuildSettings): Budgets {
  const name = clusterName(cluster);
  const { instances, enablePDB, nodeMaintenanceWindow } = cluster.spec;
  const maintenance = nodeMaintenanceWindow?.inProgress === true && nodeMaintenanceWindow.reusePVC !== false;
  const budget = (budgetName: string, role: string, minAvailable: number): PodDisruptionBudget => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: objectMetadata(cluster, settings, budgetName),
    spec: { minAvailable, selector: { matchLabels: { [label.cluster]: name, [label.instanceRole]: role } } },
  });
  const primary = enablePDB !== false && !(maintenance && instances === 1);
  const replicas = enablePDB !== false && instances >= 3 && !maintenance;
  return {
    wanted: [
      ...(primary ? [budget(primaryBudget(name), instanceRole.primary, 1)] : []),
      ...(replicas ? [budget(replicaBudget(name), instanceRole.replica, instances - 2)] : []),
    ],
    unwanted: [...(primary ? [] : [primaryBudget(name)]), ...(replicas ? [] : [replicaBudget(name)])],
  };
}
