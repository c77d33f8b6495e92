import type { Cluster } from '../../api/generated/cluster.ts';
import { annotation } from '../../labels.ts';
import { type ArchivePlace, archivePlace, type StoreLookup } from '../../resources/archive-place.ts';
import type { SectionAt } from './archive-source.ts';

/** Throws ArchivePlaceError for an archive that is named and cannot be used. */
export function archiveSection(
  cluster: Cluster | undefined,
  lookup: StoreLookup,
): (ArchivePlace & SectionAt) | undefined {
  const place = cluster && archivePlace(cluster, lookup);
  const encryptionSecret = cluster?.metadata.annotations?.[annotation.backupEncryptionSecret];
  return place && { ...place, encryptionSecret };
}
