import type { InstanceContext } from './context/context.ts';
import type { RestoreOutcome, WalRestorer } from './wal/port.ts';

const lookMs = 20;

/**
 * restore_command of a standby that follows nobody yet finds nothing: its own end must be known first, and a primary's history taken
 * from the archive could not be told from another life's (rules 11, 26). What was asked before the gate closed is answered then, too:
 * an archive that says nothing must not hold up a promotion, which waits for this answer.
 */
export const gatedRestorer = (
  restorer: WalRestorer,
  { ha, cluster }: Pick<InstanceContext, 'ha' | 'cluster'>,
): WalRestorer => ({
  restore: async (file, path, signal) => {
    const closed = (): boolean => cluster.current?.spec.replica?.enabled !== true && ha.primary === undefined;
    if (closed()) return { outcome: 'absent' };
    const closing = new AbortController();
    const shut = Promise.withResolvers<RestoreOutcome>();
    const look = setInterval(() => {
      if (!closed()) return;
      shut.resolve({ outcome: 'absent' });
      closing.abort(new Error('the restore gate is closed'));
    }, lookMs);
    try {
      return await Promise.race([
        restorer.restore(file, path, AbortSignal.any([signal, closing.signal])),
        shut.promise,
      ]);
    } finally {
      clearInterval(look);
    }
  },
});
