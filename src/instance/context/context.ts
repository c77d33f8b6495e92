import type { DiskWatch } from '../disk/watch.ts';
import type { HighAvailability } from '../ha/ha.ts';
import type { Surroundings } from '../world/surroundings.ts';

/** What the parts of a running manager share. */
export interface InstanceContext extends Surroundings {
  readonly ha: HighAvailability;
  readonly disks: Pick<DiskWatch, 'volumes'>;
}
