import type { Cluster } from '../../api/generated/cluster.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { BarmanSection } from '../../objectstore/archive/config.ts';
import type { Backup } from '../backup/objects.ts';
import { annotation } from '../../labels.ts';
import { externalPlace, type StoreLookup } from '../../resources/archive-place.ts';
import type { SectionAt } from '../wal/archive-source.ts';

export interface Origin {
  readonly at: SectionAt;
  /** The backup to start from, when the Cluster names one. */
  readonly backupId: string | undefined;
}

/** The origin is read with the keys of the new cluster: its Secret holds those that the origin was written with, too. */
const encryptionSecretOf = (cluster: Cluster): string | undefined =>
  cluster.metadata.annotations?.[annotation.backupEncryptionSecret];

/** Segments that are fetched at once when nothing says how many. */
const defaultParallel = 2;

const withParallel = (section: BarmanSection, cluster: Cluster): BarmanSection => ({
  ...section,
  wal: { maxParallel: cluster.spec.backup?.barmanObjectStore?.wal?.maxParallel ?? defaultParallel, ...section.wal },
});

async function fromBackup(
  kube: Pick<KubeApi, 'get'>,
  cluster: Cluster,
  namespace: string,
  signal: AbortSignal,
): Promise<Origin> {
  const named = cluster.spec.bootstrap?.recovery?.backup;
  const name = named?.name ?? '';
  const backup = await kube.get<Backup>(resource.backups, { namespace, name }, { signal });
  if (!backup) throw new Error(`Backup "${name}" does not exist`);
  const { phase, backupId, destinationPath, serverName, endpointURL, endpointCA, s3Credentials } = backup.status ?? {};
  if (phase !== 'completed') throw new Error(`Backup "${name}" is not completed but ${phase ?? 'new'}`);
  if (destinationPath === undefined || serverName === undefined || backupId === undefined) {
    throw new Error(`Backup "${name}" does not say where it is in an object store`);
  }
  const ca = named?.endpointCA ?? endpointCA;
  const section = { destinationPath, serverName, endpointURL, s3Credentials, ...(ca && { endpointCA: ca }) };
  const at = {
    section: withParallel(section, cluster),
    field: `Backup ${name}: status`,
    defaultServer: serverName,
    encryptionSecret: encryptionSecretOf(cluster),
  };
  return { at, backupId };
}

/** Where spec.bootstrap.recovery takes its data from. */
export async function findOrigin(
  kube: Pick<KubeApi, 'get'>,
  cluster: Cluster,
  namespace: string,
  stores: StoreLookup,
  signal: AbortSignal,
): Promise<Origin> {
  const recovery = cluster.spec.bootstrap?.recovery;
  if (recovery?.backup) return fromBackup(kube, cluster, namespace, signal);
  const index = (cluster.spec.externalClusters ?? []).findIndex(({ name }) => name === recovery?.source);
  const external = cluster.spec.externalClusters?.[index];
  if (!external) throw new Error(`spec.bootstrap.recovery.source: no external cluster "${recovery?.source ?? ''}"`);
  const place = externalPlace(cluster, index, stores);
  if (!place)
    throw new Error(`external cluster "${external.name}" has neither barmanObjectStore nor a plugin with one`);
  const section = withParallel(place.section, cluster);
  return { at: { ...place, section, encryptionSecret: encryptionSecretOf(cluster) }, backupId: undefined };
}
