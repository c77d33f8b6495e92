import type { PatienceFacts } from '../../../state-machines/election/machine.ts';
import { type HaCore, leaseState, timingOf } from './core/core.ts';
import { modeOf } from './synchronous/configuration.ts';

/** For how long the lease was seen unchanged, and for how long it must have been before anybody stands (§5, prevote; rule 6). */
export function patienceFacts(core: HaCore): PatienceFacts {
  const { store, memory } = core;
  const { duration, retryPeriod } = timingOf(core);
  const { record } = store;
  const lease = leaseState(core);
  return {
    // One who has seen nothing yet knows nothing of its members either.
    mode: store.lastRecord ? modeOf(store.lastRecord) : 'async',
    lease: lease === 'mine' || lease === 'released' ? lease : lease === 'other' ? 'held' : 'absent',
    unchangedFor: store.unchangedFor(),
    patience: 1000 * (record && modeOf(record) === 'sync' ? Math.max(2 * retryPeriod, 3) : duration),
    overdue: 1250 * retryPeriod,
    unansweredPulses: memory.unansweredPulses,
  };
}
