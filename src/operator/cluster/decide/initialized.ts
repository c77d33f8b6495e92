import type { Cluster } from '../../../api/generated/cluster.ts';
import { conditionType } from '../phase-names.ts';
import type { World } from '../world.ts';

/**
 * Whether there ever was a database. Any of the traces is enough, since a wrong "no" would make an empty cluster where there was a full
 * one: a filled claim, a primary in status, the condition.
 */
export const isInitialized = ({ status }: Cluster, world: World): boolean =>
  world.instances.some(({ filled }) => filled) ||
  (status?.currentPrimary ?? '') !== '' ||
  (status?.systemID ?? '') !== '' ||
  (status?.conditions?.some(({ type, status: value }) => type === conditionType.initialized && value === 'True') ??
    false);
