import type { InstanceContext } from '../context.ts';
import type { WalRestorer } from '../wal-port.ts';

/**
 * restore_command of a standby that follows nobody yet finds nothing: its own end must be known first, and a primary's history taken
 * from the archive could not be told from another life's (rules 11, 26).
 */
export const gatedRestorer = (
  restorer: WalRestorer,
  { ha, cluster }: Pick<InstanceContext, 'ha' | 'cluster'>,
): WalRestorer => ({
  restore: (file, path, signal) => {
    const replica = cluster.current?.spec.replica?.enabled === true;
    if (!replica && ha.primary === undefined) return Promise.resolve({ outcome: 'absent' });
    return restorer.restore(file, path, signal);
  },
});
