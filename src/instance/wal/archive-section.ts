import type { Cluster } from '../../api/generated/cluster.ts';
import { annotation } from '../../labels.ts';
import {
  type ArchivePlace,
  archivePlace,
  ArchivePlaceUnknown,
  type StoreLookup,
} from '../../resources/archive-place.ts';
import type { SectionAt } from './archive-source.ts';

/**
 * Throws ArchivePlaceError for an archive that is named and cannot be used, ArchivePlaceUnknown while no Cluster has been seen: what is
 * asked to be archived by then is not let go.
 */
export function archiveSection(
  cluster: Cluster | undefined,
  lookup: StoreLookup,
): (ArchivePlace & SectionAt) | undefined {
  if (cluster === undefined) throw new ArchivePlaceUnknown('the Cluster has not been seen yet');
  const place = archivePlace(cluster, lookup);
  const encryptionSecret = cluster.metadata.annotations?.[annotation.backupEncryptionSecret];
  return place && { ...place, encryptionSecret };
}
