import type { Kind } from './schema/kind.ts';
import { backup } from './kinds/backup.ts';
import { cluster } from './kinds/cluster/cluster.ts';
import { databaseRole } from './kinds/database-role.ts';
import { database } from './kinds/database.ts';
import { failoverQuorum } from './kinds/failover-quorum.ts';
import { clusterImageCatalog, imageCatalog } from './kinds/image-catalog.ts';
import { objectStore } from './kinds/object-store.ts';
import { pooler } from './kinds/pooler.ts';
import { publication } from './kinds/publication.ts';
import { scheduledBackup } from './kinds/scheduled-backup.ts';
import { subscription } from './kinds/subscription.ts';

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
