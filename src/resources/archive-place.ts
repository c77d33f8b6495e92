import { clusterPluginStore, externalPluginStore, type PluginStore } from '../api/cluster/plugin-store.ts';
import type { BarmanObjectStoreConfiguration, Cluster } from '../api/generated/cluster.ts';
import type { ObjectStore } from '../api/generated/object-store.ts';
import { validateObjectStore } from '../api/object-store/validate.ts';
import { formatFieldError } from '../api/validation/field-error.ts';

/** An archive that is named and cannot be used as it is; the message begins with the field. */
export class ArchivePlaceError extends Error {
  override readonly name = 'ArchivePlaceError';
}

/** Whether it can be used is not known yet: to be asked again soon. */
export class ArchivePlaceUnknown extends ArchivePlaceError {}

/** 'unknown' while nobody could tell whether there is one. */
export type StoreLookup = (name: string) => ObjectStore | undefined | 'unknown';

/** Where an archive is: in the Cluster itself or, by way of the plugin, in an ObjectStore. The same from here on. */
export interface ArchivePlace {
  readonly section: BarmanObjectStoreConfiguration;
  /** Where the section is said. */
  readonly field: string;
  /** Directory when the section names none. */
  readonly defaultServer: string;
  /** Of the backups that are kept there. */
  readonly method: 'barmanObjectStore' | 'plugin';
  readonly retentionPolicy?: string | undefined;
  /** Seconds between two runs of retention. */
  readonly retentionInterval?: number | undefined;
  readonly objectStore?: string;
}

function fromStore(plugin: PluginStore, defaultServer: string, lookup: StoreLookup): ArchivePlace {
  const { objectStore: name, serverName, field } = plugin;
  const where = `${field}.parameters.barmanObjectName`;
  const store = lookup(name);
  if (store === 'unknown') throw new ArchivePlaceUnknown(`${where}: ObjectStore "${name}" is not known yet`);
  if (store === undefined) throw new ArchivePlaceError(`${where}: there is no ObjectStore "${name}" in this namespace`);
  const errors = validateObjectStore(store).errors.map(formatFieldError);
  if (errors.length > 0) throw new ArchivePlaceError(`ObjectStore ${name}: ${errors.join('; ')}`);
  const { configuration, retentionPolicy, instanceSidecarConfiguration } = store.spec;
  return {
    section: { ...configuration, ...(serverName !== undefined && { serverName }) },
    field: `ObjectStore ${name}: spec.configuration`,
    defaultServer,
    method: 'plugin',
    retentionPolicy,
    retentionInterval: instanceSidecarConfiguration?.retentionPolicyIntervalSeconds,
    objectStore: name,
  };
}

/** The cluster's own archive; undefined when it has none. Throws ArchivePlaceError. */
export function archivePlace(cluster: Cluster, lookup: StoreLookup): ArchivePlace | undefined {
  const name = cluster.metadata.name;
  const section = cluster.spec.backup?.barmanObjectStore;
  if (section !== undefined) {
    const field = 'spec.backup.barmanObjectStore';
    const { retentionPolicy } = cluster.spec.backup ?? {};
    return { section, field, defaultServer: name, method: 'barmanObjectStore', retentionPolicy };
  }
  const plugin = clusterPluginStore(cluster);
  if (plugin?.isWALArchiver === false) {
    throw new ArchivePlaceError(`${plugin.field}.isWALArchiver: must be true, else no WAL is kept`);
  }
  return plugin && fromStore(plugin, name, lookup);
}

/** The archive of an external cluster; undefined when it has none. Throws ArchivePlaceError. */
export function externalPlace(cluster: Cluster, index: number, lookup: StoreLookup): ArchivePlace | undefined {
  const external = cluster.spec.externalClusters?.[index];
  if (external === undefined) return undefined;
  const section = external.barmanObjectStore;
  if (section !== undefined) {
    const field = `spec.externalClusters[${index}].barmanObjectStore`;
    return { section, field, defaultServer: external.name, method: 'barmanObjectStore' };
  }
  const plugin = externalPluginStore(cluster, index);
  return plugin && fromStore(plugin, external.name, lookup);
}
