import { clusterPluginStore } from '../../api/cluster/plugin-store.ts';
import type { Cluster, ExternalCluster } from '../../api/generated/cluster.ts';
import { annotation } from '../../labels.ts';
import { apiVersion, barmanPlugin } from '../../naming.ts';
import { ownedBy } from '../../resources/metadata.ts';

export const drillName = (cluster: string): string => `${cluster}-drill`;

const origin = 'origin';

/** Where the cluster's own backups are, as another cluster says it. */
function externalCluster(cluster: Cluster): ExternalCluster | undefined {
  const { name } = cluster.metadata;
  const section = cluster.spec.backup?.barmanObjectStore;
  if (section) return { name: origin, barmanObjectStore: { ...section, serverName: section.serverName ?? name } };
  const store = clusterPluginStore(cluster);
  if (!store) return undefined;
  const parameters = { barmanObjectName: store.objectStore, serverName: store.serverName ?? name };
  return { name: origin, plugin: { name: barmanPlugin, parameters } };
}

/** One instance, restored from the newest backup, that archives nothing and nobody uses; undefined for a cluster without backups. */
export function drillCluster(cluster: Cluster): Cluster | undefined {
  const external = externalCluster(cluster);
  if (!external) return undefined;
  const { spec, metadata, status } = cluster;
  const imageName = spec.imageName ?? status?.image;
  const kept = Object.entries(spec).filter(([field]) =>
    [
      'imagePullPolicy',
      'imagePullSecrets',
      'postgresUID',
      'postgresGID',
      'storage',
      'walStorage',
      'tablespaces',
      'resources',
      'priorityClassName',
      'schedulerName',
      'serviceAccountTemplate',
      'seccompProfile',
      'ephemeralVolumesSizeLimit',
    ].includes(field),
  );
  const { parameters, shared_preload_libraries: libraries } = spec.postgresql ?? {};
  const key = metadata.annotations?.[annotation.backupEncryptionSecret];
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: {
      name: drillName(metadata.name),
      namespace: metadata.namespace,
      annotations: {
        [annotation.drillOf]: metadata.name,
        ...(key === undefined ? {} : { [annotation.backupEncryptionSecret]: key }),
      },
      ownerReferences: ownedBy(cluster),
    },
    spec: {
      ...Object.fromEntries(kept),
      instances: 1,
      enablePDB: false,
      ...(imageName === undefined ? {} : { imageName }),
      postgresql: {
        ...(parameters === undefined ? {} : { parameters }),
        ...(libraries === undefined ? {} : { shared_preload_libraries: libraries }),
      },
      bootstrap: { recovery: { source: origin } },
      externalClusters: [external],
    },
  };
}
