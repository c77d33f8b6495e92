import type { Kind } from '../schema/kind.ts';
import { backup } from './backup.ts';
import { cluster } from './cluster/cluster.ts';
import { databaseRole } from './database-role.ts';
import { database } from './database.ts';
import { failoverQuorum } from './failover-quorum.ts';
import { clusterImageCatalog, imageCatalog } from './image-catalog.ts';
import { objectStore } from './object-store.ts';
import { pooler } from './pooler.ts';
import { publication } from './publication.ts';
import { scheduledBackup } from './scheduled-backup.ts';
import { subscription } from './subscription.ts';

/** Every kind of the API group, and the one that came with a plugin. */
export const kinds: readonly Kind[] = [
  cluster,
  backup,
  scheduledBackup,
  pooler,
  imageCatalog,
  clusterImageCatalog,
  database,
  databaseRole,
  publication,
  subscription,
  failoverQuorum,
  objectStore,
];
