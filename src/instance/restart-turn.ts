import type { Cluster } from '../api/generated/cluster.ts';
import type { ServerState } from './sql/server-state.ts';

/** The operator's word that the primary may be restarted where it is. */
export const restartInPlacePhase = 'Primary instance is being restarted in-place';

/** Seconds that each instance leaves to those before it. */
const turnSeconds = 10;

/**
 * When an instance restarts for parameters that need it (reference §2.12): standbys one after another by their place in
 * status.instanceNames, the primary after them. Seconds that the need must have lasted; undefined: not at all.
 */
export function restartTurn(
  { spec, status }: Cluster,
  instance: string,
  role: 'primary' | 'standby' | 'unknown',
  server: Pick<ServerState, 'pendingRestart'>,
): number | undefined {
  if (server.pendingRestart.length === 0 || role === 'unknown') return undefined;
  const names = status?.instanceNames ?? [instance];
  if (role === 'primary') {
    if (status?.phase === restartInPlacePhase || names.length <= 1) return 0;
    // The operator says so when all others have restarted, or asks for a switchover. Without it the turn comes with time.
    const others = spec.primaryUpdateStrategy === 'supervised' || spec.primaryUpdateMethod === 'switchover';
    return others ? undefined : names.length * turnSeconds;
  }
  const standbys = names.filter((name) => name !== status?.currentPrimary).sort();
  return Math.max(0, standbys.indexOf(instance)) * turnSeconds;
}
