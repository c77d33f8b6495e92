import type { PersistedState } from '../../../state-machines/protocol/types.ts';
import type { DataDirectory } from '../postmaster/observe.ts';

/** What became of the promotion that was ordered in this directory (rule 24). */
export type PromotionOutcome =
  /** None was ordered, or it is not over. */
  | 'none'
  /** standby.signal is gone and the new timeline is not begun: PostgreSQL died between the two. */
  | 'half'
  /** On another timeline than the epoch's. */
  | 'wrong'
  | 'done';

/** PostgreSQL notes a new timeline in pg_control with its end-of-recovery record, before it is in production. */
export function promotionOutcome(state: PersistedState, data: DataDirectory | undefined): PromotionOutcome {
  const { promotes, led } = state;
  if (promotes === undefined || promotes !== led || data?.state !== 'valid' || data.standby) return 'none';
  const { checkpointTimeline, minRecoveryTimeline, state: at } = data.control;
  const timeline = Math.max(checkpointTimeline, minRecoveryTimeline);
  if (timeline === promotes) return 'done';
  return at === 'in archive recovery' && timeline < promotes ? 'half' : 'wrong';
}
