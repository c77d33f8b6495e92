import type { Cluster } from '../api/generated/cluster.ts';
import { parseQuantity } from '../api/validation/quantity.ts';

const megabyte = 1 << 20;
/** Less than wal_keep_size would not be heeded. */
const least = 512;

/**
 * Default of max_slot_wal_keep_size in MB: a slot that nobody reads must not fill the volume (fault F26). Half of a volume that is for
 * WAL alone, a quarter of one that is for everything; undefined (no limit) where the size is not said.
 */
export function slotKeepSize({ storage, walStorage }: Cluster['spec']): number | undefined {
  const size = parseQuantity((walStorage ?? storage)?.size ?? '');
  if (size === undefined || !Number.isFinite(size) || size <= 0) return undefined;
  return Math.max(least, Math.floor(size / megabyte / (walStorage ? 2 : 4)));
}
