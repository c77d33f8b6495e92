import { barmanPlugin } from '../../naming.ts';
import type { Cluster, PluginConfiguration } from '../generated/cluster.ts';

/** The ObjectStore that an entry for the Barman Cloud plugin names. */
export interface PluginStore {
  readonly objectStore: string;
  readonly serverName: string | undefined;
  readonly isWALArchiver: boolean;
  /** Of the entry. */
  readonly field: string;
}

/** Parameters of the plugin, as CloudNativePG's documentation has them. */
export const pluginParameters = ['barmanObjectName', 'serverName'] as const;

function storeOf(plugin: PluginConfiguration | undefined, field: string): PluginStore | undefined {
  if (plugin?.name !== barmanPlugin || plugin.enabled === false) return undefined;
  const { barmanObjectName = '', serverName } = plugin.parameters ?? {};
  return { objectStore: barmanObjectName, serverName, isWALArchiver: plugin.isWALArchiver === true, field };
}

/** Where the plugin entry of a cluster has its archive and backups kept. */
export function clusterPluginStore({ spec }: Cluster): PluginStore | undefined {
  const stores = (spec.plugins ?? []).map((plugin, index) => storeOf(plugin, `spec.plugins[${index}]`));
  return stores.find((store) => store !== undefined);
}

export const externalPluginStore = ({ spec }: Cluster, index: number): PluginStore | undefined =>
  storeOf(spec.externalClusters?.[index]?.plugin, `spec.externalClusters[${index}].plugin`);

/** The cluster keeps backups and WAL in an object store. */
export const hasArchive = (cluster: Cluster): boolean =>
  cluster.spec.backup?.barmanObjectStore !== undefined || clusterPluginStore(cluster) !== undefined;

/** Every ObjectStore that a cluster refers to. */
export function objectStoreNames(cluster: Cluster): string[] {
  const external = (cluster.spec.externalClusters ?? []).map((_, index) => externalPluginStore(cluster, index));
  const names = [clusterPluginStore(cluster), ...external].map((store) => store?.objectStore ?? '');
  return [...new Set(names)].filter((name) => name !== '').sort();
}
